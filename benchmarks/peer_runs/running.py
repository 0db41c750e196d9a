"""Runs one tool on one table of images and returns its row."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from peers.contract import read_journal

from kedro_nas.environment import describe_environment
from peer_runs.environments import PeerEnvironment
from peer_runs.process_tree import POLL_S, Watched, run_watched
from peer_runs.rows import Case, Machine, Row, best_so_far
from peer_runs.tools import ADAPTERS, ROOT, Tool

# beyond the budget a tool may score, save and export; then it is killed
GRACE_SHARE, GRACE_S = 0.5, 120.0
SHOWN, LINE = 3000, 300  # characters of a log that are printed, and kept in a row
PATHS = re.compile(r"(?:/[\w.+-]+){2,}")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Bench:
    """Where and on what tools are run.

    Attributes:
        venvs: Folder of the environments.
        poll_s: Seconds between two looks at memory and limit.
    """

    venvs: Path
    poll_s: float = POLL_S

    def environment(self, tool: Tool) -> PeerEnvironment:
        """Return the environment of a tool, made or not."""
        return PeerEnvironment(tool.environment, self.venvs)

    def versions(self, tool: Tool) -> dict[str, str]:
        """Return the versions of the tool's packages in its environment."""
        return self.environment(tool).versions(tool.packages)

    def run(self, tool: Tool, data: Path, case: Case) -> Row:
        """Run a tool and return its row; one without a model says why."""
        load = os.getloadavg()[0]
        began = datetime.now(timezone.utc)
        with tempfile.TemporaryDirectory(prefix="peer-") as name:
            session = Session(tool, data, case, Path(name), self)
            found = session.to_the_end()
        return Row(
            **case.model_dump(),
            **found,
            code=tool.code,
            versions=self.versions(tool),
            machine=Machine.of(describe_environment()),
            load_before=round(load, 2),
            date=began.isoformat(timespec="seconds"),
        )


@dataclass(frozen=True)
class Session:
    """One run of an adapter in a folder of its own, or two with a kill between them.

    Attributes:
        tool: Which tool.
        data: Table of images.
        case: Seconds, seed and kill.
        folder: Empty; of result, journal, log and the tool's state.
        bench: Environments.
        start: Runs a command; see `run_watched`.
    """

    tool: Tool
    data: Path
    case: Case
    folder: Path
    bench: Bench
    start: Callable[..., Watched] = run_watched

    @property
    def result(self) -> Path:
        """File that the adapter writes."""
        return self.folder / "result.json"

    def to_the_end(self) -> dict[str, Any]:
        """Run, kill and run again if the case says so, and return the row's figures."""
        kill_s = self.case.killed_at_s
        limit = self.case.seconds * (1 + GRACE_SHARE) + GRACE_S
        runs = [self._run(limit if kill_s is None else kill_s, spent=0.0)]
        if kill_s is not None and runs[0].was_killed:
            runs.append(self._run(limit - kill_s, spent=runs[0].seconds))
        wall = sum(run.seconds for run in runs)
        figures = {
            "wall_s": round(wall, 1),
            "peak_memory_mb": round(max(run.peak_memory_mb for run in runs)),
        }
        if not self.result.exists():
            return {**figures, "failure": self._failure(runs[-1], limit)}
        return {**figures, **read_result(self.result), "lost_s": self._lost_s(runs)}

    def _run(self, kill_after_s: float, *, spent: float) -> Watched:
        tool, case = self.tool, self.case
        command = [str(self.bench.environment(tool).python)]
        command += [str(ADAPTERS / tool.adapter), "--data", str(self.data)]
        command += ["--seconds", str(case.seconds), "--seed", str(case.seed)]
        command += ["--out", str(self.result)]
        command += ["--spent", f"{spent:.2f}"] if spent else []
        command += ["--method", tool.method] if tool.method else []
        return self.start(
            command,
            log=self.folder / "log.txt",
            env=environment_of(tool),
            kill_after_s=kill_after_s,
            poll_s=self.bench.poll_s,
        )

    def _lost_s(self, runs: Sequence[Watched]) -> float | None:
        if len(runs) == 1:
            return None
        lines = read_journal(self.result.with_suffix(".jsonl"))
        kept = [line["kept_s"] for line in lines if line["event"] == "resumed"]
        return round(runs[0].seconds - kept[-1], 1) if kept else runs[0].seconds

    def _failure(self, run: Watched, limit: float) -> str:
        if run.was_killed:
            return f"not done after {limit:.0f} s"
        text = (self.folder / "log.txt").read_text(errors="replace").strip()
        print(text[-SHOWN:], flush=True)
        # results are committed, and paths say where they were measured
        last = PATHS.sub("...", text.splitlines()[-1][:LINE]) if text else "no output"
        return f"ended with status {run.status}: {last}"


def environment_of(tool: Tool) -> dict[str, str]:
    """Return the environment variables of an adapter; settings of the user stay out."""
    found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    found |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    found |= {"KEDRO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    if tool.needs_source:
        found["PYTHONPATH"] = str(ROOT / "src")
    return found


def read_result(path: Path) -> dict[str, Any]:
    """Return the figures of an adapter's result; the curve may be in its journal."""
    found: dict[str, Any] = json.loads(path.read_text())
    del found["versions"]  # asked of the environment, in the same words for all
    found["training_s"] = round(found["training_s"], 1)
    found["trained_s"] = round(found["trained_s"], 1)
    points = [
        (line["s"], line["val_accuracy"])
        for line in read_journal(path.with_suffix(".jsonl"))
        if line["event"] == "epoch" and line["val_accuracy"] is not None
    ]
    given = [tuple(point) for point in found["curve"]]
    found["curve"] = [
        (seconds, round(value, 4)) for seconds, value in best_so_far(given or points)
    ]
    return found
