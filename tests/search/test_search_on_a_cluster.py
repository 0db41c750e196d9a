"""A search on a Ray cluster is the search of one machine, killed driver included."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.training.workers.ray_cluster_here import small_cluster

from kedro_nas.data.store import ImageStore
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.workers.lease import end_kept_pool

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kedro-nas[ray]'")

pytestmark = [
    pytest.mark.slow,
    # Ray's own: sockets and processes that it leaves to the interpreter's end
    pytest.mark.filterwarnings("ignore"),
]

LIMIT_S = 400.0
LIMITS = "finalists=2, max_trials=6, max_epochs=4, min_steps=1, factor=2"
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
search_architectures(
    ImageStore.open(store), SearchSpace.from_dict(json.loads(space)),
    DatasetProfile.read(json.loads(profile)), Path(workspace), SearchOptions({LIMITS}),
    JobOptions(pool="ray", workers=2, ray_address=address), budget_s=None, seed=0,
)
"""


def _kill_in_mid_search(ledger: Path, *arguments: str) -> int:
    """Start a search of its own process and kill it after two trials; count lines."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])
    until = time.monotonic() + LIMIT_S
    ended = 0
    while ended < 2 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
        lines = read_json_lines(ledger) if ledger.exists() else []
        ended = sum(line["event"] == "ended" for line in lines)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return ended


def test_search_on_a_cluster_killed_and_resumed_has_the_trials_of_one_machine(
    digits: tuple[ImageStore, Any], tmp_path: Path
) -> None:
    """Same seed, same trials, scores and finalists; the cluster lives on meanwhile."""
    store, raw = digits
    profile = DatasetProfile.read(raw)
    space = build_search_space(SearchSpaceOptions(preset="tiny"), profile.facts, seed=0)

    def search(name: str, **job: Any) -> Any:
        return search_architectures(
            store,
            space,
            profile,
            tmp_path / name,
            SearchOptions(
                finalists=2, max_trials=6, max_epochs=4, min_steps=1, factor=2
            ),
            JobOptions(workers=2, **job),
            budget_s=None,
            seed=0,
        )

    expected, found_here = search("local")
    end_kept_pool()
    with small_cluster() as cluster:
        ended = _kill_in_mid_search(
            tmp_path / "ray" / "search" / "ledger.jsonl",
            str(store.path),
            json.dumps(space.to_dict()),
            json.dumps(profile.to_json()),
            str(tmp_path / "ray"),
            cluster.address,
        )
        trials, found = search("ray", pool="ray", ray_address=cluster.address)
        end_kept_pool()

    same = ["key", "bracket", "rung", "epochs", "status", "score"]
    assert 2 <= ended < 6
    assert SearchSpace.from_dict(space.to_dict()) == space
    assert trials[same].to_dict() == expected[same].to_dict()
    assert [f.key for f in found.finalists] == [f.key for f in found_here.finalists]
