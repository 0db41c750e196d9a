"""`kedro nas init`: plug the search into a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kedro_nas.errors import ParameterError
from kedro_nas.framework.commands import json_option, say
from kedro_nas.framework.rendering import Plan, make_plan


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
    "--input",
    "images",
    default="images",
    show_default=True,
    help="Dataset with the images; one that the catalog has already, or a new one.",
)
@click.option("--path", default=None, help="Where the images of a new dataset are.")
@click.option("--preset", default=None, help="Preset of the search space.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and stop.")
@json_option
@click.pass_obj
def init(
    metadata: Any,
    env: str,
    namespace: str,
    pipeline_name: str | None,
    images: str,
    path: str | None,
    preset: str | None,
    *,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write parameters, catalog entries and the pipeline's folder."""
    root = Path(metadata.project_path)
    plan = make_plan(
        root,
        metadata.package_name,
        source_dir=Path(metadata.source_dir),
        env=env,
        namespace=namespace,
        pipeline_name=pipeline_name or namespace.replace(".", "_"),
        images=images,
        path=path,
        preset=preset,
    )
    existing = [file for file in plan.files if (root / file).exists()]
    if existing and not (force or dry_run):
        raise ParameterError(
            "nothing was written",
            received=f"files that exist: {', '.join(map(str, existing))}",
            allowed="a project without them",
            remedy="Replace them with --force, or choose another --namespace",
        )
    if not dry_run:
        for file, text in plan.files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text)
    value = {
        "files": [str(file) for file in plan.files],
        "written": not dry_run,
        "next": plan.next_steps,
    }
    say(value, _text(plan, existing, dry_run=dry_run), as_json=as_json)


def _text(plan: Plan, existing: list[Path], *, dry_run: bool) -> str:
    verb = "Would write" if dry_run else "Wrote"
    written = [
        f"  {file}{'  (replaced)' if file in existing else ''}" for file in plan.files
    ]
    steps = [
        f"  {number}. " + step.replace("\n", "\n     ")
        for number, step in enumerate(plan.next_steps, start=1)
    ]
    return "\n".join([f"{verb}:", *written, "\nNext:", *steps])
