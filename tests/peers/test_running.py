"""One run of an adapter: its command, its limit, a kill, its row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from peer_runs.process_tree import Watched
from peer_runs.rows import Case
from peer_runs.running import Bench, Session, environment_of, read_result
from peer_runs.tools import ROOT, find_tool

RESULT = {
    "test_accuracy": 0.9, "n_params": 10, "network": "small", "trials": 2,
    "epochs": 6, "training_s": 30.04, "trained_s": 58.0, "versions": {"keras": "3"},
    "curve": [],
}  # fmt: skip


class FakeAdapter:
    """Stands for the process of an adapter.

    Args:
        runs: What each run returns; the last one writes a result if its status is 0.
        kept_s: What a second session says is kept.
    """

    def __init__(self, *runs: Watched, kept_s: float = 0.0) -> None:
        self.runs = list(runs)
        self.kept_s = kept_s
        self.commands: list[list[str]] = []
        self.limits: list[float] = []

    def __call__(
        self, command: list[str], *, log: Path, kill_after_s: float, **_: Any
    ) -> Watched:
        """Note the command, write what an adapter would."""
        self.commands.append(command)
        self.limits.append(kill_after_s)
        run = self.runs[len(self.commands) - 1]
        log.write_text(f"Traceback\n  File {ROOT}/a/b.py\nValueError: no /a/b/c.txt\n")
        out = Path(command[command.index("--out") + 1])
        lines = [{"s": 9.0, "event": "epoch", "trial": 1, "val_accuracy": 0.5}]
        if "--spent" in command:
            lines.append({"s": 20.0, "event": "resumed", "kept_s": self.kept_s})
        with out.with_suffix(".jsonl").open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        if run.status == 0:
            out.write_text(json.dumps(RESULT))
        return run


def _session(tmp_path: Path, start: FakeAdapter, tool: str = "optuna", **case: Any):
    words = {"tool": tool, "data": "pets", "seconds": 60.0, "seed": 4, **case}
    return Session(
        find_tool(tool), Path("pets.parquet"), Case(**words), tmp_path,
        Bench(Path("venvs")), start,
    )  # fmt: skip


def test_session_starts_the_adapter_by_the_contract(tmp_path):
    """Every adapter gets the same command line, in the interpreter of its peer."""
    start = FakeAdapter(Watched(0, 70.0, 900.0, was_killed=False))
    _session(tmp_path, start, tool="random").to_the_end()
    (command,) = start.commands

    assert command[0] == "venvs/our_space/bin/python"
    assert Path(command[1]).name == "kerastuner_our_space.py"
    assert command[2:8] == [
        "--data", "pets.parquet", "--seconds", "60.0", "--seed", "4",
    ]  # fmt: skip
    assert command[-2:] == ["--method", "random"]


def test_session_returns_the_figures_of_adapter_and_processes(tmp_path):
    """A row has what the adapter says, and what only its processes show."""
    start = FakeAdapter(Watched(0, 70.04, 900.4, was_killed=False))
    found = _session(tmp_path, start).to_the_end()

    assert found["test_accuracy"] == 0.9
    assert (found["wall_s"], found["peak_memory_mb"]) == (70.0, 900)
    assert found["curve"] == [(9.0, 0.5)]
    assert found["lost_s"] is None


def test_session_gives_every_tool_the_same_limit(tmp_path):
    """Beyond the budget there is time to score and save, then the tool is killed."""
    start = FakeAdapter(Watched(-9, 210.0, 900.0, was_killed=True))
    found = _session(tmp_path, start).to_the_end()

    assert start.limits == [60.0 * 1.5 + 120.0]
    assert found["failure"] == "not done after 210 s"
    assert "test_accuracy" not in found


def test_session_that_fails_says_why_without_paths(tmp_path, capsys):
    """The row keeps the last line, without where it was run; the rest is printed."""
    start = FakeAdapter(Watched(1, 5.0, 900.0, was_killed=False))
    found = _session(tmp_path, start).to_the_end()

    assert found["failure"] == "ended with status 1: ValueError: no ..."
    assert "Traceback" in capsys.readouterr().out


def test_session_with_a_kill_runs_twice_and_counts_what_is_lost(tmp_path):
    """The second session gets what was spent; work that it did again is lost."""
    start = FakeAdapter(
        Watched(-9, 30.0, 900.0, was_killed=True),
        Watched(0, 35.0, 800.0, was_killed=False),
        kept_s=22.5,
    )
    found = _session(tmp_path, start, killed_at_s=30.0).to_the_end()

    assert start.limits[0] == 30.0
    assert start.commands[1][-2:] == ["--spent", "30.00"]
    assert found["lost_s"] == 7.5
    assert (found["wall_s"], found["peak_memory_mb"]) == (65.0, 900)


def test_session_that_ends_before_its_kill_has_lost_nothing(tmp_path):
    """A tool that is done early is not started again."""
    start = FakeAdapter(Watched(0, 20.0, 900.0, was_killed=False))
    found = _session(tmp_path, start, killed_at_s=30.0).to_the_end()

    assert len(start.commands) == 1
    assert found["lost_s"] is None


def test_environment_of_an_adapter_leaves_settings_of_the_user_out(monkeypatch):
    """A peer runs as installed; only those on our space see this checkout."""
    monkeypatch.setenv("PYTHONPATH", "mine")
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    peer, ours = (environment_of(find_tool(n)) for n in ("autokeras", "kedro-nas"))

    assert "PYTHONPATH" not in peer
    assert "TF_NUM_INTRAOP_THREADS" not in peer
    assert ours["PYTHONPATH"] == str(ROOT / "src")


@pytest.mark.parametrize(
    ("given", "curve"),
    [([], [(2.0, 0.4), (6.0, 0.6)]), ([[1.0, 0.7], [3.0, 0.7]], [(1.0, 0.7)])],
)
def test_curve_comes_from_the_adapter_or_its_journal(given, curve, tmp_path):
    """An adapter without a journal of epochs gives the curve itself."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**RESULT, "curve": given}))
    values = [(2.0, 0.4), (4.0, 0.3), (5.0, None), (6.0, 0.6)]
    lines = [{"s": s, "event": "epoch", "val_accuracy": v} for s, v in values]
    path.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")

    assert read_result(path)["curve"] == curve
