"""`kedro nas status`: how far a search is, also while it runs or after a kill."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import opened
from kedro_nas.framework.run_status import RunStatus, SearchProgress, read_status
from kedro_nas.number_text import counted


@click.command()
@click.option(
    "--watch",
    "is_watched",
    is_flag=True,
    help="Show rungs, workers and curves of a running search until it ends, or q is "
    "pressed; without a terminal, a line for each change.",
)
@env_option
@namespace_option
@json_option
@click.pass_obj
def status(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    *,
    is_watched: bool,
    as_json: bool,
) -> None:
    """Show how far the search is, what is best so far, and what is left."""
    if is_watched and as_json:
        raise click.UsageError(
            "--watch and --json exclude each other; call --json again and again"
        )
    if is_watched:
        from kedro_nas.framework.watch import Watched, watch  # imports pandas
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        found = read_status(search)
        command = search.run_command()
        if is_watched and found.running:
            watch(Watched(search), Console())
            return
    print_answer(found.to_json(), _text(found, command), as_json=as_json)


def _text(found: RunStatus, command: str) -> str:
    lines = [f"{found.namespace}: {_now(found, command)}"]
    lines += [
        f"  {'done' if done else '    '}  {name}" for name, done in found.stages.items()
    ]
    search = found.search
    if search is None:
        return "\n".join([*lines, "The search has not begun."])
    trials = search.trials
    unended = "under way" if found.running else "cut off, to go on with"
    rest = f"{trials.running} {unended}"
    if trials.stopped:
        rest = f"{trials.stopped} stopped by the budget"
    elif search.ended_by:
        rest = "none cut off"
    if search.bracket is None:
        lines.append("Search: no trial has begun")
    else:
        lines.append(
            f"Search: bracket {search.bracket}, rung {search.rung}; "
            f"{counted(trials.completed, 'trial')} completed, {trials.failed} failed, "
            f"{rest}"
        )
    if search.best is not None:
        lines.append(f"Best so far: {search.best.score:.4f}  {search.best.network}")
    lines.append(f"Spent on the search: {search.spent_s:.0f} s{_left(search)}")
    if search.failures:
        lines.append("Last failure: " + search.failures[-1])
    return "\n".join(lines)


def _now(found: RunStatus, command: str) -> str:
    where = _elsewhere(found)
    if found.running:
        return f"running{where}, in {found.stage}"
    if found.stage is None:
        return "finished"
    began = found.search is not None or any(found.stages.values())
    if not began and not where:
        return f"not begun; `{command}` begins it"
    return f"not running{where}, next is {found.stage}; `{command}` goes on from there"


def _elsewhere(found: RunStatus) -> str:
    """Return what is known of a run on another machine; its pid tells nothing here."""
    other = found.elsewhere
    if other is None:
        return ""
    if found.running:
        return f" on {other.host}, not here (it wrote a file {other.quiet_s:.0f} s ago)"
    return (
        f" (a run on {other.host} has written nothing for {other.quiet_s:.0f} s and is "
        "taken for ended)"
    )


def _left(search: SearchProgress) -> str:
    if search.budget_s is None:
        return ""
    if search.left_s is None:
        return f" of {search.budget_s:.0f} s"
    return f" of {search.budget_s:.0f} s, {search.left_s:.0f} s left"
