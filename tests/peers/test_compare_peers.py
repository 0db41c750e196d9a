"""The command: what it runs, skips and keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import compare_peers
import pytest
from compare_peers import describe, read_options, run_missing
from peer_runs.plan import Plan
from peer_runs.rows import Case, Machine, PeerResults
from peer_runs.tools import OURS, find_tool

from kedro_nas.environment import describe_environment

HERE = Machine.of(describe_environment())
PEERS = [find_tool("optuna"), find_tool("random")]


class FakeBench:
    """Runs nothing; gives the rows it was made with, and notes what was asked.

    Args:
        make_row: Makes a row of a tool.
        keep: The results file, read before each run.
    """

    def __init__(self, make_row: Callable[..., Any], keep: Path) -> None:
        self.make_row, self.keep = make_row, keep
        self.ran: list[Case] = []
        self.kept: list[int] = []

    def versions(self, tool: Any) -> dict[str, str]:
        """Return the versions that rows have."""
        return {"keras": "3"}

    def run(self, tool: Any, data: Path, case: Case) -> Any:
        """Return a row of this machine and code."""
        self.ran.append(case)
        self.kept.append(len(PeerResults.read(self.keep).rows))
        given = case.model_dump(exclude={"tool"})
        return self.make_row(tool.name, **given, code=tool.code, machine=HERE)


def _run(bench: FakeBench, n_seeds: int = 2) -> PeerResults:
    plan = Plan(PEERS, [Path("pets.parquet")], [300.0], n_seeds, False, False)
    return run_missing(bench, plan, PeerResults.read(bench.keep), bench.keep)


@pytest.fixture
def bench(make_row, tmp_path):
    """Return a bench that keeps its rows in a file."""
    return FakeBench(make_row, tmp_path / "peers.json")


def test_rows_are_kept_after_each_run(bench):
    """A benchmark of hours that is stopped has lost one run at most."""
    _run(bench)

    assert bench.kept == [0, 1, 2, 3]
    assert len(json.loads(bench.keep.read_text())["rows"]) == 4


def test_rows_that_are_current_are_not_run_again(bench):
    """The same command goes on where it was stopped."""
    first = _run(bench, n_seeds=1)
    results = _run(bench)

    assert [case.seed for case in bench.ran] == [0, 0, 1, 1]
    assert results.rows[:2] == first.rows


def test_rows_of_other_versions_are_run_again(bench, monkeypatch):
    """A row of another version of a peer is replaced."""
    _run(bench, n_seeds=1)
    monkeypatch.setattr(bench, "versions", lambda _: {"keras": "4"})
    results = _run(bench, n_seeds=1)

    assert len(bench.ran) == 4
    assert len(results.rows) == 2


def test_rows_without_a_model_are_run_again(bench, make_row):
    """A failure is kept until a run of the same case succeeds."""
    tool = PEERS[0]
    failed = make_row(tool.name, None, failure="gone", code=tool.code, machine=HERE)
    PeerResults(rows=(failed,)).write(bench.keep)
    results = _run(bench, n_seeds=1)

    assert [case.tool for case in bench.ran] == ["optuna", "random"]
    assert not any(row.failure for row in results.rows)


def test_options_default_to_everything():
    """Without words: 5 and 15 minutes, three seeds, all tools, fifths and kills."""
    options = read_options([])

    assert options.seconds == [300.0, 900.0]
    assert options.seeds == 3
    assert OURS in options.tools
    assert {options.brief, options.fresh, options.quick} == {False}


def test_data_of_the_command_line_are_taken_as_they_come():
    """Unseen tables are run without a change of settings."""
    assert read_options(["a.parquet", "b.parquet"]).data == ["a.parquet", "b.parquet"]
    assert read_options([]).data == []
    assert compare_peers.SHIPPED.is_file()


def test_describe_names_a_failure_or_the_figures(make_row):
    """Each run prints one line."""
    row = make_row("optuna", killed_at_s=150.0)

    assert describe(row).startswith("optuna, pets, 300 s, seed 0, killed at 150 s: ")
    assert describe(make_row("optuna", None, failure="gone")).endswith("seed 0: gone")


def test_main_with_pages_alone_runs_nothing(monkeypatch, tmp_path):
    """`--pages` writes the pages from the rows that are there."""
    written: list[Any] = []
    monkeypatch.setattr(compare_peers, "write_pages", written.append)
    monkeypatch.setattr(
        "sys.argv", ["compare_peers.py", "--pages", "--out", str(tmp_path / "no.json")]
    )
    compare_peers.main()

    assert written == [()]
