"""A search on two hosts is the search of one, though a worker and a host are killed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.training.workers.two_hosts_here import HEAD, NODE, TwoHosts, two_hosts

from kedro_nas.data.store import ImageStore
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.ledger import read_lines
from kedro_nas.search.ledger_tables import trial_rows, trials_table
from kedro_nas.search.search import search_architectures
from kedro_nas.training.workers.lease import end_kept_pool

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kedro-nas[ray]'")

pytestmark = [
    pytest.mark.slow,
    # Ray's own: sockets and processes that it leaves to the interpreter's end
    pytest.mark.filterwarnings("ignore"),
]

LIMIT_S = 180.0  # of each wait, on a busy machine
RECOVERY_S = 60.0  # until the work of what was killed goes on elsewhere
WORKER = "kedro_nas.training.workers.process"
# epochs of some 0.2 s, and none stops early: long enough for a kill in mid-trial
EPOCHS = 60
LIMITS = {
    "iterations": 2,
    "patience": 1_000,
    "min_epochs": EPOCHS,
    "max_epochs": 2 * EPOCHS,
    "min_steps": 1,
    "factor": 2,
}
PROGRAM = f"""
import json, sys
from pathlib import Path
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace

store, space, profile, workspace, address = sys.argv[1:]
_, found = search_architectures(
    ImageStore.open(store), SearchSpace.from_dict(json.loads(space)),
    DatasetProfile.read(json.loads(profile)), Path(workspace),
    SearchOptions(finalists=2, **{LIMITS}),
    JobOptions(pool="ray", workers=2, ray_address=address), budget_s=None, seed=0,
)
keys = [one.key for one in found.finalists]
(Path(workspace) / "finalists.json").write_text(json.dumps(keys))
"""
SAME = ["key", "bracket", "rung", "epochs", "status", "score"]

Lines = list[dict[str, Any]]


class Search:
    """A search in a process of its own on the first host, watched by its ledger."""

    def __init__(self, hosts: TwoHosts, workspace: Path, *arguments: str) -> None:
        command = [sys.executable, "-c", PROGRAM, *arguments, hosts.address]
        self._process = hosts.run(HEAD, command)
        self._ledger = workspace / "search" / "ledger.jsonl"

    def lines(self) -> Lines:
        """Return the lines of its ledger."""
        return read_json_lines(self._ledger) if self._ledger.exists() else []

    def until(self, condition: Callable[[Lines], bool]) -> Lines:
        """Return the lines as soon as they fulfil a condition."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            lines = self.lines()
            if condition(lines):
                return lines
            assert self._process.poll() is None, "the search has ended before"
            time.sleep(0.05)
        raise AssertionError(f"not seen within {LIMIT_S:.0f} s")

    def seconds_to_recover(self, n_before: int) -> float:
        """Return how long a lost trial waits for its next epoch.

        Args:
            n_before: Lines before the loss.
        """
        began = time.monotonic()

        def goes_on(lines: Lines) -> bool:
            lost: set[str] = set()
            for line in lines[n_before:]:
                if line["event"] == "lost":
                    lost.add(line["trial"])
                elif line["event"] == "epoch" and line["trial"] in lost:
                    return True
            return False

        self.until(goes_on)
        return time.monotonic() - began

    def end(self) -> int:
        """Wait for its end and return its exit status."""
        return self._process.wait(LIMIT_S)


def _both_train(lines: Lines) -> bool:
    """Return whether two trials are under way and far from their end."""
    epochs: dict[str, int] = {}
    for line in lines:
        if line["event"] == "started":
            epochs[line["trial"]] = 0
        elif line["event"] == "epoch":
            epochs[line["trial"]] += 1
        elif line["event"] in ("lost", "ended"):
            epochs.pop(line["trial"], None)
    return len(epochs) == 2 and all(1 <= n <= EPOCHS * 2 // 3 for n in epochs.values())


def _most_epochs_lost(lines: Lines) -> int:
    """Return how many epochs of a trial were trained again, at most for a loss."""
    most, last = 0, dict.fromkeys((line.get("trial") for line in lines), 0)
    for line in lines:
        if line["event"] == "epoch":
            most = max(most, last[line["trial"]] - line["epoch"] + 1)
            last[line["trial"]] = line["epoch"]
    return most


def test_search_on_two_hosts_outlives_a_worker_and_a_host(
    digits: tuple[ImageStore, Any],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Same seed, same trials and winner as on one machine; nothing is lost but time."""
    store, raw = digits
    profile = DatasetProfile.read(raw)
    space = build_search_space(SearchSpaceOptions(preset="tiny"), profile.facts, seed=0)
    expected, found = search_architectures(
        store,
        space,
        profile,
        tmp_path / "local",
        SearchOptions(finalists=2, **LIMITS),
        JobOptions(workers=2),
        budget_s=None,
        seed=0,
    )
    end_kept_pool()
    workspace = tmp_path / "ray"
    with two_hosts(tmp_path_factory.getbasetemp()) as hosts:
        search = Search(
            hosts,
            workspace,
            str(store.path),
            json.dumps(space.to_dict()),
            json.dumps(profile.to_json()),
            str(workspace),
        )
        before = len(search.until(_both_train))
        killed = hosts.kill(NODE, WORKER)
        of_worker_s = search.seconds_to_recover(before)
        before = len(search.until(_both_train))
        hosts.kill(NODE)
        of_host_s = search.seconds_to_recover(before)
        status = search.end()
    print(
        f"\nseconds to recovery: {of_worker_s:.1f} after a worker was killed, "
        f"{of_host_s:.1f} after a host was"
    )
    finalists = json.loads((workspace / "finalists.json").read_text())
    ledger = read_lines(workspace / "search" / "ledger.jsonl")
    trials = trials_table(trial_rows(ledger))

    assert (killed, status) == (1, 0)
    assert finalists == [one.key for one in found.finalists]
    assert trials[SAME].to_dict() == expected[SAME].to_dict()
    assert _most_epochs_lost(search.lines()) <= 1
    assert max(of_worker_s, of_host_s) < RECOVERY_S
