"""`kedro nas init`: plug the search into a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kedro_nas.errors import ParameterError
from kedro_nas.files import write_atomically
from kedro_nas.framework.commands import json_option, print_answer
from kedro_nas.framework.init_plan import Mode, ProjectFiles, Wish, make_plan


@click.command()
@click.option("--env", "-e", default="base", show_default=True, help="Folder of conf/.")
@click.option(
    "--namespace",
    default="nas",
    show_default=True,
    help="Prefix of datasets and parameters; dots nest, e.g. defects.nas.",
)
@click.option(
    "--pipeline-name",
    default=None,
    help="Name for `kedro run --pipelines`; the namespace with _ for dots if left out.",
)
@click.option(
    "--no-pipeline",
    is_flag=True,
    help="Write no folder: a pipeline of your own contains the search.",
)
@click.option(
    "--input",
    "images",
    default=None,
    help="Dataset with the images, one that the project has already or a new one; "
    "`images`, or what your own pipeline maps it to, if left out.",
)
@click.option("--path", default=None, help="Where the images of a new dataset are.")
@click.option("--preset", default=None, help="Preset of the search space.")
@click.option(
    "--update",
    is_flag=True,
    help="Add entries and sections that are missing; leave all that is there.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace what is ours in files that exist; they are kept as .bak.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and stop.")
@json_option
@click.pass_obj
def init(
    metadata: Any,
    env: str,
    namespace: str,
    pipeline_name: str | None,
    images: str | None,
    path: str | None,
    preset: str | None,
    *,
    no_pipeline: bool,
    update: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write parameters, catalog entries and the pipeline's folder.

    Entries and parameters of your own stay as they are.
    """
    root = Path(metadata.project_path)
    wish = Wish(
        env=env,
        namespace=namespace,
        pipeline_name=pipeline_name,
        images=images,
        path=path,
        preset=preset,
        mode=_mode(update=update, force=force),
        no_pipeline=no_pipeline,
    )
    plan = make_plan(root, metadata.package_name, Path(metadata.source_dir), wish)
    existing = [file for file in plan.files if (root / file).exists()]
    if existing and wish.mode == "new" and not dry_run:
        raise ParameterError(
            "nothing was written",
            received=f"files that exist: {', '.join(map(str, existing))}",
            allowed="a project without them",
            remedy=(
                "Add what they lack with --update, replace them with --force, or "
                "choose another --namespace"
            ),
        )
    kept = {} if dry_run else _write(root, plan, wish)
    value = {
        "files": [str(file) for file in plan.files],
        "written": not dry_run,
        "added": {str(file): names for file, names in plan.added.items()},
        "kept": {str(file): str(copy) for file, copy in kept.items()},
        "next": plan.next_steps,
    }
    print_answer(value, _text(plan, kept, dry_run=dry_run), as_json=as_json)


def _mode(*, update: bool, force: bool) -> Mode:
    if update and force:
        raise ParameterError(
            "it is not clear what to do with files that exist",
            received="--update and --force",
            allowed="one of them",
            remedy="Choose --update to add to files, --force to replace what is ours",
        )
    return "update" if update else "force" if force else "new"


def _write(root: Path, plan: ProjectFiles, wish: Wish) -> dict[Path, Path]:
    """Write the files; return where those that are replaced are kept."""
    kept = {}
    for file, text in plan.files.items():
        if wish.mode == "force" and (root / file).exists():
            kept[file] = _free_backup(root, file)
            _write_bytes(root / kept[file], (root / file).read_bytes())
        _write_bytes(root / file, text.encode("utf-8"))
    return kept


def _write_bytes(path: Path, content: bytes) -> None:
    write_atomically(path, lambda file: file.write(content))


def _free_backup(root: Path, file: Path) -> Path:
    """Return a name that no earlier copy has."""
    number, copy = 1, file.with_name(f"{file.name}.bak")
    while (root / copy).exists():
        number += 1
        copy = file.with_name(f"{file.name}.bak{number}")
    return copy


def _text(plan: ProjectFiles, kept: dict[Path, Path], *, dry_run: bool) -> str:
    verb = "Would write" if dry_run else "Wrote"
    written = [f"  {file}{_note(plan, kept, file)}" for file in plan.files]
    steps = [
        f"  {number}. " + step.replace("\n", "\n     ")
        for number, step in enumerate(plan.next_steps, start=1)
    ]
    head = [f"{verb}:", *written] if written else ["There is nothing to add."]
    return "\n".join([*head, "\nNext:", *steps])


def _note(plan: ProjectFiles, kept: dict[Path, Path], file: Path) -> str:
    notes = []
    if file in plan.added:
        notes.append(f"added {', '.join(plan.added[file])}")
    if file in kept:
        notes.append(f"the old one is {kept[file].name}")
    return f"  ({'; '.join(notes)})" if notes else ""
