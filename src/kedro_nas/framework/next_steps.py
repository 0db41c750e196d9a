"""What to do after `kedro nas init`, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kedro.framework.project import settings


@dataclass(frozen=True)
class MovedOption:
    """An option of an earlier version in a file of the project.

    Attributes:
        file: Relative to the project.
        name: Section and option, such as `search.workers`.
        became: Where it is now, such as `moved to nas.job.workers`.
    """

    file: Path
    name: str
    became: str


def next_steps(
    code: Path,
    namespace: str,
    pipeline: str | None,
    new_images: str | None,
    *,
    has_folder: bool,
    is_kept_out: bool = False,
    problem: str,
    env: str,
    has_smoke: bool = False,
    moved: Sequence[MovedOption] = (),
    folding: Path | None = None,
) -> list[str]:
    """List what is to be done after `kedro nas init`, in words.

    Args:
        code: The project's package.
        namespace: Of the search.
        pipeline: The pipeline it is registered by, None for none.
        new_images: Dataset that has to be pointed at images, None for none.
        has_folder: Whether the search has a folder below `pipelines/`.
        is_kept_out: Whether a plain `kedro run` does not run the search already.
        problem: Why the project's pipelines cannot be read, or nothing.
        env: Configuration environment that was written to.
        has_smoke: Whether the environment `smoke` was written, too.
        moved: Options of earlier versions that are still in its files.
        folding: A logging configuration that folds lines at 80 columns, None for none.
    """
    steps, suffix = [], namespace.replace(".", "_")
    where = "" if env in _envs_read_by_default() else f" --env {env}"
    which = "" if namespace == "nas" else f" --namespace {namespace}"
    which += where
    if moved:
        steps.append(_step_of_moved_options(moved, namespace, which))
    if problem:
        steps.append(
            f"The pipelines of this project cannot be read ({problem}).\n"
            f"Correct them, then look again: kedro nas init --update{which}"
        )
    if new_images is not None:
        steps.append(
            f"Point '{new_images}' in catalog_{suffix}.yml at your images: a folder "
            "with a sub-folder per class,\nor a table with a column of encoded images."
        )
    if _merge_strategy() != "soft":
        steps.append(
            "Let single parameters be replaced; in settings.py, add to "
            'CONFIG_LOADER_ARGS:\n"merge_strategy": {"parameters": "soft"},'
        )
    if has_folder:
        steps += _steps_of_a_folder(code, str(pipeline), is_kept_out=is_kept_out)
    elif pipeline is None:
        steps.append(
            "Register a pipeline of yours that contains\n"
            f'kedro_nas.create_pipeline(namespace="{namespace}")'
        )
    if folding is not None:
        steps.append(
            f"Log one line per message where no terminal is; in {folding.name}, "
            "below root:\nhandlers: ext://kedro_nas.framework.log_output.HANDLERS"
        )
    name = pipeline or "..."
    first = f"A first run in a minute:      kedro run --pipelines {name} --env smoke\n"
    steps.append(
        f"Look ahead without training:  kedro nas check{which}\n"
        + first * has_smoke
        + f"Search:                       kedro run --pipelines {name}{where}\n"
        f"Look on meanwhile:            kedro nas status{which}"
    )
    return steps


def _steps_of_a_folder(code: Path, pipeline: str, *, is_kept_out: bool) -> list[str]:
    steps = []
    registry = code / "pipeline_registry.py"
    if registry.exists() and "find_pipelines" not in registry.read_text():
        steps.append(
            f"{registry.name} does not call find_pipelines; register it there:\n"
            f"from {code.name}.pipelines.{pipeline} import create_pipeline"
        )
    if not is_kept_out:
        steps.append(
            "Keep the search out of a plain `kedro run`; in pipeline_registry.py:\n"
            'pipelines["__default__"] = sum((p for name, p in pipelines.items()\n'
            f'    if name not in ("__default__", "{pipeline}")), start=Pipeline([]))'
        )
    return steps


def _step_of_moved_options(
    moved: Sequence[MovedOption], namespace: str, which: str
) -> str:
    lines = ["Options have other places than in earlier versions; change them in"]
    for file in dict.fromkeys(option.file for option in moved):
        lines.append(f"{file}:")
        lines += [
            f"  {namespace}.{option.name}: "
            + option.became.replace("nas.", f"{namespace}.", 1)
            for option in moved
            if option.file == file
        ]
    lines += [
        "A number as budget_s of search or ranking holds that stage to it; write auto",
        f"for its share of {namespace}.budget_s. Or write the file anew, which keeps",
        "the old one as .bak:",
        f"kedro nas init --force{which}",
    ]
    return "\n".join(lines)


def _envs_read_by_default() -> set[str]:
    """Return the environments that commands read without `--env`."""
    given = settings.CONFIG_LOADER_ARGS
    return {given.get("base_env", "base"), given.get("default_run_env", "local")}


def _merge_strategy() -> str | None:
    strategies = settings.CONFIG_LOADER_ARGS.get("merge_strategy") or {}
    found: str | None = strategies.get("parameters")
    return found
