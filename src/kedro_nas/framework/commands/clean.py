"""`kedro nas clean`: forget the state of a search."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import click

from kedro_nas.errors import SearchError
from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.registered import registered_nodes
from kedro_nas.framework.run_status import read_status
from kedro_nas.framework.stored import StoredDataset
from kedro_nas.number_text import counted
from kedro_nas.writer_lock import hold_workspace


@click.command()
@click.option("--all", "everything", is_flag=True, help="Remove all outputs as well.")
@click.option(
    "--all-versions", is_flag=True, help="Of versioned outputs remove every version."
)
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
    all_versions: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove the workspace, so that the next run searches anew.

    Datasets that a run has written stay, unless --all is given; of versioned ones
    the newest version goes, unless --all-versions is given. Your images are never
    touched.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        status = read_status(search)
        if status.running:
            other = status.elsewhere
            raise SearchError(
                "the search is running",
                received=f"a run on {other.host} that writes into the workspace"
                if other
                else "a process that writes into the workspace",
                allowed="a workspace nobody uses",
                remedy="Stop it first, with Ctrl-C",
            )
        found = _removals(search, everything=everything, all_versions=all_versions)
        sizes = {one.address: one.stored.size(one.path) for one in found}
        if found and not yes and not as_json:
            lines = (f"{size:>14,} bytes  {place}" for place, size in sizes.items())
            click.echo("\n".join(lines))
            click.confirm("Remove these?", abort=True)
        folder = search.workspace
        with hold_workspace(folder) if folder.exists() else nullcontext():
            for one in found:
                one.stored.remove(one.path)
    text = f"Removed {counted(len(found), 'path')}." if found else "All clean."
    print_answer({"removed": sizes}, text, as_json=as_json)


@dataclass(frozen=True)
class _Removal:
    """A path of a dataset that is to be removed."""

    stored: StoredDataset
    path: str

    @property
    def address(self) -> str:
        return replace(self.stored, path=self.path).address


def _removals(
    search: Search, *, everything: bool, all_versions: bool
) -> list[_Removal]:
    names = {search.name("workspace")}
    if everything:
        ours = registered_nodes(search.namespace)
        names |= {name for node in ours for name in node.outputs}
    removals = []
    for name in sorted(names):
        dataset = search.catalog.get(name) if name in search.catalog else None
        stored = None if dataset is None else StoredDataset.of(dataset)
        if stored is None:
            continue
        path = stored.removable(all_versions=all_versions)
        if path is not None:
            removals.append(_Removal(stored, path))
    return removals
