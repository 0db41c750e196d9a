"""How far a search is, read from files that other processes are writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic import JsonValue

from kedro_nas.framework.project import Search
from kedro_nas.framework.running_mark import NotedProcess, RemoteRun, RunningMark
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.search.ledger import lines_of, read_lines
from kedro_nas.search.ledger_lines import (
    LedgerLine,
    SessionBegun,
    SessionEnded,
    TrialCreated,
    TrialEnded,
)
from kedro_nas.stages import STAGES


@dataclass(frozen=True)
class TrialCounts:
    """Trials of a search by state.

    Attributes:
        completed: With a score.
        failed: Without.
        running: Not ended.
        stopped: Not ended, of a search that has: the budget stopped them.
    """

    completed: int
    failed: int
    running: int
    stopped: int


@dataclass(frozen=True)
class BestTrial:
    """The trial with the highest score so far.

    Attributes:
        score: Mean of the objective over its last epochs.
        network: The network in a line.
        trial: Name of the trial.
    """

    score: float
    network: str
    trial: str


@dataclass(frozen=True)
class SearchProgress:
    """How far a search is, from the lines of its ledger.

    Attributes:
        bracket: Of the newest trial, None before the first.
        rung: Of the newest trial, None before the first.
        trials: Trials by state.
        best: The best trial, None while none has a score.
        failures: Why trials failed, oldest first.
        spent_s: Seconds the search has run, all sessions.
        budget_s: Seconds its last session gave it, None for no limit. No other file
            has them: the share of the job's budget follows from what was measured on
            this machine, and `--params` may have replaced what the parameters say.
        left_s: What is left of them; None without a limit, and once it has ended.
        ended_by: What ended it, or None.
    """

    bracket: int | None
    rung: int | None
    trials: TrialCounts
    best: BestTrial | None
    failures: tuple[str, ...]
    spent_s: float
    budget_s: float | None
    left_s: float | None
    ended_by: str | None


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes:
        namespace: Of the search.
        stage: The first stage that is not done, None after the last.
        running: Whether a process is in a stage.
        elsewhere: A run on another machine that has not ended as far as its files
            tell, or None.
        stages: Whether a stage is done, by name.
        search: Progress of the search, None before it has begun.
    """

    namespace: str
    stage: str | None
    running: bool
    elsewhere: RemoteRun | None
    stages: dict[str, bool]
    search: SearchProgress | None

    def to_json(self) -> dict[str, JsonValue]:
        """Return plain JSON values."""
        return asdict(self)


def read_status(search: Search, lines: Sequence[LedgerLine] | None = None) -> RunStatus:
    """Read how far a search is; nothing is written.

    Args:
        search: An opened search.
        lines: Of its ledger, if they have been read already.
    """
    workspace = search.workspace
    if lines is None:
        lines = read_lines(workspace / "search" / "ledger.jsonl")
    mark = RunningMark.read(workspace)
    writer = _writer(lines)
    stage = None
    if mark is not None and mark.process.is_alive(workspace):
        stage = mark.stage
    elif writer is not None and writer.is_alive(workspace):
        stage = "search"
    stages = _stages(search, stage)
    noted = writer if mark is None else mark.process
    return RunStatus(
        namespace=search.namespace,
        stage=next((name for name, done in stages.items() if not done), None),
        running=stage is not None,
        elsewhere=None if noted is None else noted.elsewhere(workspace),
        stages=stages,
        search=summarize_ledger(lines) if lines else None,
    )


def summarize_ledger(lines: Sequence[LedgerLine]) -> SearchProgress:
    """Summarize the lines of a search's ledger.

    Args:
        lines: At least one, oldest first.
    """
    created = {line.trial: line for line in lines_of(lines, TrialCreated)}
    ended = lines_of(lines, TrialEnded)
    failed = [line for line in ended if line.status == "failed"]
    newest = next(reversed(created.values()), None)
    spent_s = lines[-1].t
    end = _end(lines)
    sessions = lines_of(lines, SessionBegun)
    budget_s = sessions[-1].budget_s if sessions else None
    has_left = budget_s is not None and end is None
    unended = len(created) - len(ended)
    scored = [line for line in ended if line.is_scored]
    return SearchProgress(
        bracket=None if newest is None else newest.bracket,
        rung=None if newest is None else newest.rung,
        trials=TrialCounts(
            completed=len(scored),
            failed=len(failed),
            running=unended if end is None else 0,
            stopped=0 if end is None else unended,
        ),
        best=_best(scored, created),
        failures=tuple(line.reason for line in failed),
        spent_s=spent_s,
        budget_s=budget_s,
        left_s=max(0.0, (budget_s or 0.0) - spent_s) if has_left else None,
        ended_by=None if end is None else end.ended_by,
    )


def _best(
    scored: Sequence[TrialEnded], created: dict[str, TrialCreated]
) -> BestTrial | None:
    best = max(scored, key=lambda line: line.score or 0.0, default=None)
    if best is None or best.score is None:
        return None
    network = created[best.trial].architecture.describe()
    return BestTrial(best.score, network, best.trial)


def _end(lines: Sequence[LedgerLine]) -> SessionEnded | None:
    """Return the line that ended the last session, None while it is open."""
    for line in reversed(lines):
        if isinstance(line, SessionBegun):
            return None
        if isinstance(line, SessionEnded):
            return line
    return None


def _writer(lines: Sequence[LedgerLine]) -> NotedProcess | None:
    """Return the process of the last session, None if that has ended."""
    sessions = lines_of(lines, SessionBegun)
    if not sessions or _end(lines) is not None:
        return None
    last = sessions[-1]
    return NotedProcess(last.host, ProcessIdentity.read(last.model_dump()))


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
