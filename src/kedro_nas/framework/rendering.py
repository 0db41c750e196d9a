"""What `kedro nas init` writes into a project, and what it says to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from kedro.framework.project import settings

from kedro_nas.errors import ParameterError

TEMPLATES = ("parameters_nas.yml", "catalog_nas.yml")
_FOLDER = "${globals:nas_folder,nas}"
_DEMO_PATH = "data/01_raw/fashion_mnist_12k.parquet"
_MARKER = re.compile(r"^ *# --- \w+: section (begins|ends)\n", re.MULTILINE)
_IMAGES_ENTRY = re.compile(r"^images:.*\n(?:^[ ].*\n)+", re.MULTILINE)

_HEADER = """\
# Every option of the search, with its unit, range and reason. What is left out keeps
# its default; a misspelt name is an error.
"""
_PIPELINE = '''"""Search for an image classifier, with kedro-nas."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline
from kedro_nas import create_pipeline as create_search


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the search; `images` of the pipeline is `{images}` of this project."""
    return create_search(namespace="{namespace}", inputs={{"images": "{images}"}})
'''


@dataclass(frozen=True)
class Plan:
    """Files to write, relative to the project, and next steps in words."""

    files: dict[Path, str]
    next_steps: list[str] = field(default_factory=list)


def make_plan(
    root: Path,
    package: str,
    *,
    source_dir: Path,
    env: str,
    namespace: str,
    pipeline_name: str,
    images: str,
    path: str | None,
    preset: str | None,
) -> Plan:
    """Plan the files of one search.

    Args:
        root: Root of the project.
        package: The project's package.
        source_dir: The project's source folder.
        env: Folder of `conf/` for parameters and catalog.
        namespace: Prefix of datasets and parameters.
        pipeline_name: Folder below `pipelines/`.
        images: Dataset that holds the images.
        path: Where the images of a new dataset are.
        preset: Preset of the search space.

    Raises:
        ParameterError: A name that cannot be one, or an unknown preset.
    """
    _check_names(namespace, pipeline_name)
    loader = _config_loader(root, env)
    known = _keys(loader, "catalog")
    code = source_dir.resolve().relative_to(root.resolve()) / package
    is_new = images not in known
    texts = render_files(
        code,
        env=env,
        namespace=namespace,
        pipeline_name=pipeline_name,
        images=images,
        path=path,
        preset=preset,
        is_new=is_new,
    )
    steps = _next_steps(
        root / code, namespace, pipeline_name, images, path, is_new=is_new
    )
    return Plan(texts, steps)


def render_files(
    code: Path,
    *,
    env: str = "base",
    namespace: str = "nas",
    pipeline_name: str = "nas",
    images: str = "images",
    path: str | None = None,
    preset: str | None = None,
    is_new: bool = True,
) -> dict[Path, str]:
    """Render parameters, catalog and pipeline folder; nothing is written.

    Args:
        code: The project's package, relative to its root.
        env: Folder of `conf/`.
        namespace: Prefix of datasets and parameters.
        pipeline_name: Folder below `pipelines/`.
        images: Dataset that holds the images.
        path: Where the images of a new dataset are.
        preset: Preset of the search space.
        is_new: Whether the catalog needs an entry for the images.

    Returns:
        Path relative to the project's root, to text.
    """
    suffix, folder = namespace.replace(".", "_"), Path("conf") / env
    pipeline = _PIPELINE.format(namespace=namespace, images=images)
    return {
        folder / f"parameters_{suffix}.yml": _parameters(namespace, preset),
        folder / f"catalog_{suffix}.yml": _catalog(
            namespace, images, path, is_new=is_new
        ),
        code / "pipelines" / pipeline_name / "__init__.py": pipeline,
    }


def template(name: str) -> str:
    """Read one file of the template shipped with the package."""
    return (files("kedro_nas.framework") / "template" / name).read_text()


def _parameters(namespace: str, preset: str | None) -> str:
    text = _MARKER.sub("", template("parameters_nas.yml"))
    if preset is not None:
        text = _with_preset(text, preset)
    body = re.split(r"^nas:\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    *parents, last = namespace.split(".")
    deeper = "  " * len(parents)
    nested = "".join(f"{'  ' * n}{name}:\n" for n, name in enumerate(parents))
    body = re.sub(r"^(?=.)", deeper, body, flags=re.MULTILINE)
    return f"{_HEADER}{nested}{deeper}{last}:\n{body}"


def _with_preset(text: str, preset: str) -> str:
    presets = sorted(
        Path(file.name).stem
        for file in (files("kedro_nas.space") / "presets").iterdir()
        if file.name.endswith(".yml")
    )
    if preset not in presets:
        raise ParameterError(
            "unknown preset of the search space",
            received=repr(preset),
            allowed=", ".join(presets),
            remedy="Choose one of them",
        )
    replaced, count = re.subn(
        r"^(    preset: )\S+", rf"\g<1>{preset}", text, flags=re.MULTILINE
    )
    if count == 1:
        return replaced
    return text.replace("  search_space: {}", f"  search_space: {{preset: {preset}}}")


def _catalog(namespace: str, images: str, path: str | None, *, is_new: bool) -> str:
    text = template("catalog_nas.yml")
    text = text.replace(_FOLDER, namespace.replace(".", "/"))
    text = re.sub(r"^# `nas_folder` is .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^nas\.", f"{namespace}.", text, flags=re.MULTILINE)
    if is_new:
        text = text.replace("images:", f"{images}:", 1)
        return text.replace(_DEMO_PATH, path or "data/01_raw/images")
    return _IMAGES_ENTRY.sub(f"# `{images}` is in this project's catalog\n", text)


def _next_steps(
    code: Path,
    namespace: str,
    pipeline_name: str,
    images: str,
    path: str | None,
    *,
    is_new: bool,
) -> list[str]:
    steps, suffix = [], namespace.replace(".", "_")
    which = "" if namespace == "nas" else f" --namespace {namespace}"
    if is_new and path is None:
        steps.append(
            f"Point '{images}' in catalog_{suffix}.yml at your images: a folder with "
            "a sub-folder per class,\nor a table with a column of encoded images."
        )
    if _merge_strategy() != "soft":
        steps.append(
            "Let single parameters be replaced; in settings.py, add to "
            'CONFIG_LOADER_ARGS:\n"merge_strategy": {"parameters": "soft"},'
        )
    registry = code / "pipeline_registry.py"
    if registry.exists() and "find_pipelines" not in registry.read_text():
        steps.append(
            f"{registry.name} does not call find_pipelines; register it there:\n"
            f"from {code.name}.pipelines.{pipeline_name} import create_pipeline"
        )
    steps += [
        (
            "Keep the search out of a plain `kedro run`; in pipeline_registry.py:\n"
            'pipelines["__default__"] = sum((p for name, p in pipelines.items()\n'
            f'    if name != "{pipeline_name}"), start=Pipeline([]))'
        ),
        (
            f"Look ahead without training:  kedro nas check{which}\n"
            f"Search:                       kedro run --pipelines {pipeline_name}\n"
            f"Look on meanwhile:            kedro nas status{which}"
        ),
    ]
    return steps


def _check_names(namespace: str, pipeline_name: str) -> None:
    for what, name in (("namespace", namespace), ("pipeline name", pipeline_name)):
        parts = name.split(".") if what == "namespace" else [name]
        if not all(part.isidentifier() for part in parts):
            raise ParameterError(
                f"that cannot be a {what}",
                received=repr(name),
                allowed="letters, digits and _, not first a digit"
                + ("; dots between" if what == "namespace" else ""),
                remedy="Choose another name",
            )


def _merge_strategy() -> str | None:
    strategies = settings.CONFIG_LOADER_ARGS.get("merge_strategy") or {}
    found: str | None = strategies.get("parameters")
    return found


def _config_loader(root: Path, env: str) -> Any:
    source = settings.CONF_SOURCE
    return settings.CONFIG_LOADER_CLASS(
        conf_source=str(root / source), env=env, **settings.CONFIG_LOADER_ARGS
    )


def _keys(loader: Any, kind: str) -> set[str]:
    from kedro.config import MissingConfigException

    try:
        return set(loader[kind])
    except MissingConfigException:
        return set()
