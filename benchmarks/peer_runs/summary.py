"""Means over seeds of the measured rows, by table of images, budget and tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from peer_runs.plan import FIFTH
from peer_runs.rows import Row
from peer_runs.tools import OURS, TOOLS, Tool


@dataclass(frozen=True)
class Contest:
    """A table of images and a budget.

    Attributes:
        data: Name of the table.
        seconds: The budget.
    """

    data: str
    seconds: float


@dataclass(frozen=True)
class Entry:
    """One tool in one contest.

    Attributes:
        tool: Which.
        rows: Of all seeds, undisturbed, with a model.
        n_failed: Seeds without a model.
    """

    tool: Tool
    rows: tuple[Row, ...]
    n_failed: int

    @property
    def errors(self) -> list[float]:
        """Test errors by seed, fractions."""
        return [row.test_error for row in self.rows if row.test_error is not None]

    @property
    def error(self) -> float | None:
        """Mean test error; None where no seed gave a model."""
        return mean(self.errors) if self.errors else None

    @property
    def useful_share(self) -> float:
        """Share of the wall seconds in gradient steps, in [0, 1]."""
        return mean(row.training_s / row.wall_s for row in self.rows)

    @property
    def trials_per_hour(self) -> float:
        """Trainings begun by the search, an hour of the run."""
        return mean(3600 * row.trials / row.wall_s for row in self.rows)

    @property
    def over_s(self) -> float:
        """Wall seconds beyond the budget, negative where it ended early."""
        return mean(row.wall_s - row.seconds for row in self.rows)

    @property
    def peak_memory_mb(self) -> float:
        """Largest memory of all seeds, 10**6 bytes."""
        return max(row.peak_memory_mb for row in self.rows)

    @property
    def n_params(self) -> int:
        """Mean number of parameters."""
        return round(mean(row.n_params for row in self.rows))

    @property
    def final_val_accuracy(self) -> float | None:
        """Mean of the highest validation accuracy; None without a curve."""
        ends = [row.curve[-1][1] for row in self.rows if row.curve]
        return mean(ends) if ends else None

    def seconds_to(self, val_accuracy: float) -> float | None:
        """Return the mean second at which validation reaches an accuracy.

        None where a seed does not reach it.
        """
        reached = [
            next((s for s, value in row.curve if value >= val_accuracy), None)
            for row in self.rows
        ]
        known = [second for second in reached if second is not None]
        return mean(known) if known and len(known) == len(reached) else None


@dataclass(frozen=True)
class Standing:
    """All tools in one contest.

    Attributes:
        contest: Images and budget.
        entries: In the order of `TOOLS`, those that were run.
        fifth: kedro-nas with a fifth of the budget, or None.
    """

    contest: Contest
    entries: tuple[Entry, ...]
    fifth: Entry | None

    @property
    def ours(self) -> Entry | None:
        """The entry of kedro-nas with a model, or None."""
        return next((e for e in self.entries if e.tool.name == OURS and e.rows), None)

    @property
    def best_peer(self) -> Entry | None:
        """The entry of the lowest error that is not ours, or None."""
        others = [e for e in self.entries if e.tool.name != OURS and e.rows]
        return min(others, key=lambda e: mean(e.errors), default=None)

    @property
    def less_error(self) -> float | None:
        """By which share our error is below the best peer's; negative where we lose."""
        ours, peer = self.ours, self.best_peer
        if ours is None or peer is None or not mean(peer.errors):
            return None
        return 1 - mean(ours.errors) / mean(peer.errors)


def comparable(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the machine of the newest row, each tool's newest code.

    Means over rows of different programs or machines would be of nothing.
    """
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.date):
        newest[row.tool] = row
    if not newest:
        return []
    last = max(newest.values(), key=lambda row: row.date)
    return [
        row
        for row in rows
        if row.machine.is_like(last.machine)
        and row.code == newest[row.tool].code
        and row.versions == newest[row.tool].versions
    ]


def standings(rows: Sequence[Row]) -> list[Standing]:
    """Return the contests in which a peer was run, by images and budget."""
    kept = comparable(rows)
    calm = [row for row in kept if row.killed_at_s is None]
    contests = sorted(
        {(row.data, row.seconds) for row in calm if row.tool != OURS},
    )
    return [
        Standing(
            Contest(data, seconds),
            tuple(
                entry
                for tool in TOOLS
                if (entry := _entry(calm, tool, data, seconds)) is not None
            ),
            next(
                (
                    entry
                    for tool in TOOLS
                    if tool.name == OURS
                    if (entry := _entry(calm, tool, data, seconds / FIFTH)) is not None
                    if entry.rows
                ),
                None,
            ),
        )
        for data, seconds in contests
    ]


def _entry(rows: Sequence[Row], tool: Tool, data: str, seconds: float) -> Entry | None:
    found = [
        row
        for row in rows
        if (row.tool, row.data, row.seconds) == (tool.name, data, seconds)
    ]
    if not found:
        return None
    done = tuple(row for row in found if row.test_accuracy is not None)
    return Entry(tool, done, n_failed=len(found) - len(done))
