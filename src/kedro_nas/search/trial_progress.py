"""The trials of a search that goes on, as whoever looks on is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kedro_nas.records.trials import RUNNING, TrialRow
from kedro_nas.search.ledger_lines import (
    EpochTrained,
    LedgerLine,
    SearchBegun,
    SessionBegun,
    SessionEnded,
    TrialCreated,
    TrialEnded,
    TrialInterrupted,
    TrialStarted,
)
from kedro_nas.search.ledger_tables import trial_rows


@dataclass(frozen=True)
class TrialProgress:
    """A trial as far as it has come.

    Attributes:
        row: Its row of `nas.trials`; the status is `running` until it has ended.
        starts: How often it was handed to a worker: more than once after a kill, a
            lost worker or a batch that did not fit into memory.
        rungs_below: Names of the trials it goes on from, the first rung first.
    """

    row: TrialRow
    starts: int
    rungs_below: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to come of it in this session."""
        return self.row.status != RUNNING


class SearchProgressReader:
    """Keeps the lines of a ledger, and returns the trials that new lines change.

    Attributes:
        search_id: Identifies the search, and is the same after it is resumed; empty
            before its first session has begun.
        seconds: The search's clock at the newest line.
        ended_by: What ended the last session, None while it is open.
    """

    def __init__(self) -> None:
        self.search_id = ""
        self.seconds = 0.0
        self.ended_by: str | None = None
        self._begun: SearchBegun | None = None
        self._lines: dict[str, list[LedgerLine]] = {}  # by trial
        self._parents: dict[str, str | None] = {}
        self._unended: dict[str, None] = {}  # in the order of creation

    def add(self, lines: Sequence[LedgerLine]) -> list[TrialProgress]:
        """Return each trial that these lines have changed, as it is after them.

        Args:
            lines: The next lines of the ledger, oldest first.
        """
        changed: dict[str, None] = {}
        for line in lines:
            self.seconds = line.t
            changed |= dict.fromkeys(self._note(line))
        return [self._progress(name) for name in changed]

    def trials(self) -> list[TrialProgress]:
        """Return all trials as they are now, in the order of creation."""
        return [self._progress(name) for name in self._parents]

    def _note(self, line: LedgerLine) -> list[str]:
        """Keep a line; return the trials it changes."""
        if isinstance(line, SearchBegun):
            self._begun = line
        elif isinstance(line, SessionBegun):
            self.ended_by = None
            self.search_id = self.search_id or _id_of(line)
        elif isinstance(line, SessionEnded):
            self.ended_by = line.ended_by
            return list(self._unended)  # the budget has stopped them
        elif isinstance(line, TrialCreated):
            self._parents[line.trial] = line.parent
            self._unended[line.trial] = None
        if not isinstance(
            line,
            TrialCreated | TrialStarted | EpochTrained | TrialInterrupted | TrialEnded,
        ):
            return []
        self._lines.setdefault(line.trial, []).append(line)
        if isinstance(line, TrialEnded):
            self._unended.pop(line.trial, None)
        # a trial that only waits for a worker has nothing to show
        return [] if isinstance(line, TrialCreated) else [line.trial]

    def _progress(self, name: str) -> TrialProgress:
        chain = self._chain(name)
        begun = [] if self._begun is None else [self._begun]
        lines = [line for one in chain for line in self._lines[one]]
        # of its parents only the batch size matters, and that is quickly found
        (row,) = (r for r in trial_rows([*begun, *lines]) if r.trial_id == name)
        if name in self._unended and self.ended_by is None:
            row = replace(row, status=RUNNING, reason="")
        starts = sum(isinstance(line, TrialStarted) for line in self._lines[name])
        return TrialProgress(row, starts, chain[:-1])

    def _chain(self, name: str) -> tuple[str, ...]:
        chain, parent = [name], self._parents[name]
        while parent is not None:
            chain.append(parent)
            parent = self._parents[parent]
        return tuple(reversed(chain))


def _id_of(first_session: SessionBegun) -> str:
    """Return an id for a search: no two searches begin in one process at one time."""
    text = first_session.model_dump_json(exclude={"budget_s"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]
