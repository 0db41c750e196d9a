"""`kedro nas clean`: forget the state of a search."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from kedro_nas.errors import SearchError
from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    say,
)
from kedro_nas.framework.progress import read_status
from kedro_nas.framework.project import Search, opened


@click.command()
@click.option("--all", "everything", is_flag=True, help="Remove all outputs as well.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@env_option
@namespace_option
@json_option
@click.pass_obj
def clean(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    *,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove the workspace, so that the next run searches anew.

    Datasets that a run has written stay, unless --all is given; your images are
    never touched.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        if read_status(search)["running"]:
            raise SearchError(
                "the search is running",
                received="a process that writes into the workspace",
                allowed="a workspace nobody uses",
                remedy="Stop it first, with Ctrl-C",
            )
        places = _places(search, everything=everything)
    sizes = {str(place): _size(place) for place in places}
    if places and not yes and not as_json:
        click.echo("\n".join(f"{size:>14,} bytes  {p}" for p, size in sizes.items()))
        click.confirm("Remove these?", abort=True)
    for place in places:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()
    text = f"Removed {len(places)} files and folders." if places else "All clean."
    say({"removed": sizes}, text, as_json=as_json)


def _places(search: Search, *, everything: bool) -> list[Path]:
    from kedro.framework.project import pipelines

    names = {"workspace"}
    if everything:
        prefix = f"{search.namespace}."
        names |= {
            name.removeprefix(prefix)
            for pipeline in pipelines.values()
            for name in pipeline.all_outputs()
            if name.startswith(prefix) and name in search.catalog
        }
    places = [search.place(name) for name in sorted(names)]
    return [place for place in places if place.exists()]


def _size(place: Path) -> int:
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
