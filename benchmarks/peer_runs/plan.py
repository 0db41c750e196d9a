"""Which cases are run, in which order, and which are known already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from peer_runs.rows import Case
from peer_runs.tools import OURS, Tool

FIFTH = 5  # kedro-nas is run with a fifth of the seconds as well
KILLED_AT = 0.4  # of the budget, in the search of the peers


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        tools: Contestants.
        data: Tables of images.
        seconds: Budgets.
        n_seeds: Seeds 0, 1, ...
        with_fifth: Whether kedro-nas also gets a fifth of each budget.
        with_kills: Whether each tool is also killed in mid-run, once per table, with
            the shortest budget.
    """

    tools: Sequence[Tool]
    data: Sequence[Path]
    seconds: Sequence[float]
    n_seeds: int
    with_fifth: bool = True
    with_kills: bool = True

    def cases(self) -> Iterator[tuple[Tool, Path, Case]]:
        """Yield the cases, all tools of a seed in turn.

        A machine that is slower for an hour then slows all of them, and an early end
        leaves complete seeds.
        """
        for seed in range(self.n_seeds):
            for length in self.seconds:
                for data in self.data:
                    for tool in self.tools:
                        yield tool, data, _case(tool, data, length, seed)
                    for tool in self.tools:
                        if tool.name == OURS and self.with_fifth:
                            yield tool, data, _case(tool, data, length / FIFTH, seed)
        if not self.with_kills:
            return
        length = min(self.seconds)
        for data in self.data:
            for tool in self.tools:
                kill = KILLED_AT * length
                yield tool, data, _case(tool, data, length, 0, killed_at_s=kill)


def _case(
    tool: Tool,
    data: Path,
    seconds: float,
    seed: int,
    killed_at_s: float | None = None,
) -> Case:
    return Case(
        tool=tool.name,
        data=data.stem,
        seconds=seconds,
        seed=seed,
        killed_at_s=killed_at_s,
    )


def write_sample(data: Path, out: Path, *, n_train: int, n_test: int) -> Path:
    """Write the first images of each class, to try out what needs no accuracy.

    Args:
        data: Table of images.
        out: Table to write.
        n_train: About so many rows that are not for test.
        n_test: About so many rows for test.
    """
    table = pd.read_parquet(data)
    is_test = table["split"] == "test"
    parts = []
    for rows, wanted in ((table[~is_test], n_train), (table[is_test], n_test)):
        each = max(2, wanted // rows["label"].nunique())
        parts.append(rows.groupby("label", sort=True).head(each))
    pd.concat(parts).to_parquet(out)
    return out
