"""What is run, and in which order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from peer_runs.plan import Plan, write_sample
from peer_runs.tools import ADAPTERS, TOOLS, find_tool

BOTH = (find_tool("kedro-nas"), find_tool("optuna"))


def _plan(**given: object) -> Plan:
    words = {
        "tools": BOTH, "data": [Path("a.parquet"), Path("b.parquet")],
        "seconds": [300.0, 900.0], "n_seeds": 2, "with_fifth": False,
        "with_kills": False, **given,
    }  # fmt: skip
    return Plan(**words)


def test_plan_runs_tools_in_turns_by_seed():
    """All tools and tables of a seed come before the next seed."""
    cases = [case for _, _, case in _plan().cases()]

    assert [case.seed for case in cases] == [0] * 8 + [1] * 8
    assert [case.tool for case in cases] == ["kedro-nas", "optuna"] * 8
    assert [case.seconds for case in cases[:8]] == [300.0] * 4 + [900.0] * 4
    assert [case.data for case in cases[:4]] == ["a", "a", "b", "b"]


def test_plan_with_fifth_gives_it_to_kedro_nas_alone():
    """The goal of a fifth of the time is measured by a run of a fifth of the time."""
    cases = [case for _, _, case in _plan(with_fifth=True, n_seeds=1).cases()]
    short = [case for case in cases if case.seconds in {60.0, 180.0}]

    assert len(cases) == 8 + 4
    assert {case.tool for case in short} == {"kedro-nas"}


def test_plan_with_kills_kills_each_tool_once_per_table():
    """Kills come last, with the shortest budget, and never in a calm case."""
    cases = [case for _, _, case in _plan(with_kills=True).cases()]
    killed = [case for case in cases if case.killed_at_s is not None]

    assert cases[-4:] == killed
    assert {(c.tool, c.data) for c in killed} == {
        (tool.name, data) for tool in BOTH for data in "ab"
    }
    assert {(c.seconds, c.killed_at_s, c.seed) for c in killed} == {(300.0, 120.0, 0)}


def test_sample_has_rows_of_every_class_and_split(table, tmp_path):
    """A try-out needs few images, but of each class."""
    found = pd.read_parquet(
        write_sample(table, tmp_path / "few.parquet", n_train=10, n_test=4)
    )

    assert found.groupby(["split", "label"]).size().to_dict() == {
        ("train", "cat"): 5, ("train", "dog"): 5, ("test", "cat"): 2,
        ("test", "dog"): 2,
    }  # fmt: skip


def test_tools_have_names_of_their_own_and_an_adapter():
    """A row names its tool, and each tool can be started."""
    assert len({tool.name for tool in TOOLS}) == len(TOOLS) == 7
    for tool in TOOLS:
        assert all((ADAPTERS / name).is_file() for name in (tool.adapter, *tool.shared))
        assert (ADAPTERS / f"{tool.environment}.txt").is_file()


def test_code_of_kedro_nas_depends_on_its_source(monkeypatch, tmp_path):
    """A changed line of ours makes our rows stale, not those of the peers."""
    before = {tool.name: tool.code for tool in BOTH}
    source = tmp_path / "src" / "kedro_nas"
    source.mkdir(parents=True)
    (source / "new.py").write_text("x = 1")
    (tmp_path / "conf/base").mkdir(parents=True)
    folder = tmp_path / "benchmarks" / "peers"
    folder.mkdir(parents=True)
    for path in ADAPTERS.glob("*.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("peer_runs.tools.ROOT", tmp_path)
    monkeypatch.setattr("peer_runs.tools.ADAPTERS", folder)

    after = {tool.name: tool.code for tool in BOTH}

    assert after["kedro-nas"] != before["kedro-nas"]
    assert after["optuna"] == before["optuna"]


def test_find_tool_of_another_name_is_an_error():
    """A row of a tool that is gone is not given to another."""
    with pytest.raises(KeyError):
        find_tool("nni")
