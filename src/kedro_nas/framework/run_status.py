"""How far a search is, read from files that other processes are writing."""

from __future__ import annotations

import contextlib
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kedro_nas.files import read_json_lines, write_json
from kedro_nas.framework.project import Search
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.space.architecture import Architecture
from kedro_nas.stages import STAGES

_MARK = "running.json"
QUIET_S = 600.0  # an epoch of a large data set may write nothing for minutes


def mark_running(workspace: Path, stage: str) -> None:
    """Note that this process is in a stage; after a kill the note counts no more.

    Args:
        workspace: Of the search.
        stage: Its name.
    """
    with contextlib.suppress(OSError):  # a search needs no mark
        mark = {**asdict(ProcessIdentity.current()), "stage": stage}
        write_json(workspace / _MARK, mark)


def unmark_running(workspace: Path) -> None:
    """Remove the note of this process; that of another one stays."""
    if ProcessIdentity.read(_mark_of(workspace)) == ProcessIdentity.current():
        (workspace / _MARK).unlink(missing_ok=True)


def _mark_of(workspace: Path) -> dict[str, Any]:
    try:
        mark: dict[str, Any] = json.loads((workspace / _MARK).read_text())
    except (OSError, ValueError):
        return {}
    return mark


@dataclass(frozen=True)
class WriterElsewhere:
    """A run on another machine or in another container, as far as its files tell.

    Attributes:
        host: Name of that machine.
        quiet_s: Seconds since a file of the workspace was written.
    """

    host: str
    quiet_s: float

    @property
    def is_running(self) -> bool:
        """Return whether it has written lately, as a living run does all the time."""
        return self.quiet_s < QUIET_S


def _running_stage(workspace: Path) -> str | None:
    """Return the stage in which a living process is, or None."""
    mark = _mark_of(workspace)
    return str(mark["stage"]) if mark and _is_alive(mark, workspace) else None


def read_status(search: Search) -> dict[str, Any]:
    """Read how far a search is; nothing is written.

    Args:
        search: An opened search.

    Returns:
        `namespace`, `stage` (the first that is not done, or None), `running`,
        `elsewhere` (`host` and `quiet_s` of a run on another machine that has not
        ended as far as its files tell, or None), `stages` (name to whether it is done)
        and `search`, see `summarize_events`.
    """
    workspace = search.workspace
    events = read_json_lines(workspace / "search" / "ledger.jsonl")
    running = _is_running(events, workspace)
    stage = _running_stage(workspace) or ("search" if running else None)
    stages = _stages(search, stage)
    elsewhere = _unended_elsewhere(events, workspace)
    return {
        "namespace": search.namespace,
        "stage": next((name for name, done in stages.items() if not done), None),
        "running": stage is not None,
        "elsewhere": elsewhere and asdict(elsewhere),
        "stages": stages,
        "search": summarize_events(events) if events else None,
    }


def _budget_s(events: Sequence[dict[str, Any]]) -> float | None:
    """Return the seconds the last session gave the search, or None for no limit.

    No other file has them: the share of the job's budget follows from what was measured
    on this machine, and `--params` may have replaced what the parameters say.
    """
    for event in reversed(events):
        if event["event"] == "session":
            budget_s = event.get("budget_s")
            return None if budget_s is None else float(budget_s)
    return None


def summarize_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarize the lines of a search's ledger.

    Args:
        events: Lines of `ledger.jsonl`, oldest first.

    Returns:
        `bracket`, `rung` (of the newest trial), `trials` (`completed`, `failed`,
        `running`, `stopped` by the budget), `best` (`score`, `network`, `trial`) or
        None, `failures` (reasons), `spent_s`, `budget_s`, `left_s`, `ended_by` or None.
    """
    created = {e["trial"]: e for e in events if e["event"] == "created"}
    ended = [e for e in events if e["event"] == "ended"]
    scored = [e for e in ended if e["status"] == "completed" and e["score"] is not None]
    newest = next(reversed(created.values()), None)
    spent = float(events[-1]["t"])
    sessions = _sessions(events)
    over = bool(sessions) and sessions[-1]["event"] == "session_end"
    failed = [e for e in ended if e["status"] == "failed"]
    budget_s = _budget_s(events)
    left = None if budget_s is None or over else max(0.0, budget_s - spent)
    return {
        "bracket": newest and newest["bracket"],
        "rung": newest and newest["rung"],
        "trials": {
            "completed": len(scored),
            "failed": len(failed),
            "running": 0 if over else len(created) - len(ended),
            "stopped": len(created) - len(ended) if over else 0,
        },
        "best": _best(scored, created),
        "failures": [str(e["reason"]) for e in failed],
        "spent_s": spent,
        "budget_s": budget_s,
        "left_s": left,
        "ended_by": sessions[-1].get("ended_by") if over else None,
    }


def _best(
    scored: Sequence[dict[str, Any]], created: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    if not scored:
        return None
    best = max(scored, key=lambda event: event["score"])
    architecture = Architecture.from_dict(created[best["trial"]]["architecture"])
    return {
        "score": best["score"],
        "network": architecture.describe(),
        "trial": best["trial"],
    }


def _stages(search: Search, running: str | None) -> dict[str, bool]:
    """Return which stages are done; an output older than its inputs does not count."""
    done: dict[str, bool] = {}
    newest = 0.0
    for stage in STAGES:
        stored = search.stored(stage.last_output)
        name = search.name(stage.last_output)
        exists = bool(search.catalog.exists(name))
        written = stored.written_at() if exists else None
        fresh = exists and (written is None or written >= newest)
        is_done = fresh and all(done.values()) and stage.name != running
        done[stage.name] = is_done
        newest = max(newest, written or 0.0)
    return done


def _sessions(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in events if e["event"] in {"session", "session_end"}]


def _is_running(events: Sequence[dict[str, Any]], workspace: Path) -> bool:
    sessions = _sessions(events)
    if not sessions or sessions[-1]["event"] == "session_end":
        return False
    return _is_alive(sessions[-1], workspace)


def _is_alive(noted: dict[str, Any], workspace: Path) -> bool:
    """Return whether the process that left a note still runs.

    Process ids mean nothing on another machine, or in another container: there the
    workspace counts, in which a living run writes all the time.

    Args:
        noted: With the fields of a `ProcessIdentity`.
        workspace: Of the search.
    """
    elsewhere = _elsewhere(noted, workspace)
    if elsewhere is not None:
        return elsewhere.is_running
    process = ProcessIdentity.read(noted)
    return process is not None and process.is_alive()


def _unended_elsewhere(
    events: Sequence[dict[str, Any]], workspace: Path
) -> WriterElsewhere | None:
    """Return the run on another machine whose note says nothing of its end, if any."""
    noted = _mark_of(workspace)
    sessions = _sessions(events)
    if not noted and sessions and sessions[-1]["event"] == "session":
        noted = sessions[-1]
    return _elsewhere(noted, workspace)


def _elsewhere(noted: dict[str, Any], workspace: Path) -> WriterElsewhere | None:
    host = str(noted.get("host", platform.node()))
    if host == platform.node():
        return None
    newest = max((_changed(path) for path in workspace.rglob("*")), default=0.0)
    return WriterElsewhere(host, max(0.0, time.time() - newest))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # deleted in the meantime
