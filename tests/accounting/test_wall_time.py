"""The accounting against a clock: of a whole job, and of a killed search."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits
from tests.job import JOB, run_job

from kedro_nas.accounting.time_spent import add_up_time
from kedro_nas.data.prepare import prepare_images
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.workers.lease import end_kept_pool

pytestmark = pytest.mark.slow

TOLERANCE = 0.02
LOST_S = 2 * 0.2  # the clock is saved five times a second, and two kills cut it off
SEARCH = {
    "finalists": 1,
    "max_trials": 12,
    "iterations": 4,
    "max_epochs": 8,
    "min_epochs": 4,
    "factor": 2,
    "progress": "off",
}
RANKING = RankingOptions(budget_s=None, folds=2, repeats=1, epochs=4)
EXPORT = ExportOptions(epochs=4, formats=("keras",))
# What a killed process would have run; it says when its stage began.
CHILD = """
import json, sys, time
from pathlib import Path
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace

store, space, profile, workspace, options = sys.argv[1:]
began = time.time()
Path(workspace).mkdir(parents=True, exist_ok=True)
(Path(workspace) / "began").write_text(str(began))
search_architectures(
    ImageStore.open(store), SearchSpace.from_dict(json.loads(space)),
    DatasetProfile.read(json.loads(profile)), Path(workspace),
    SearchOptions(**json.loads(options)), JobOptions(workers=2),
    budget_s=None, seed=0,
)
"""


class Clock:
    """Wall seconds of everything done under it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began


def prepare(folder: Path) -> tuple[Any, dict[str, Any]]:
    data = load_digits()
    store, profile = prepare_images(
        (data.images[:600], data.target[:600]),
        DataPreparationOptions(),
        seed=0,
        workspace=folder,
    )
    return store, profile.to_json()


def test_time_of_a_whole_job_sums_to_the_time_its_stages_took(
    tmp_path: Path,
) -> None:
    """Within 2 % of a clock around the stages, workers' start and imports included."""
    end_kept_pool()
    clock, search = Clock(), SearchOptions(**SEARCH)
    with clock.running():
        prepared = prepare(tmp_path)
        job = run_job(prepared, tmp_path, search, RANKING, export=EXPORT)

    spent = add_up_time(job.results(prepared[1]))

    # every fold is in the journal now, and still took what it took
    store, profile = prepared
    _, _, again = rank_finalists(
        store, DatasetProfile.read(profile), job.found, tmp_path, RANKING, JOB, 0
    )
    assert again.seconds >= job.folds["seconds"].sum() / 2
    assert not spent.unrecorded
    parts = sum(part.seconds for part in spent.parts)
    assert parts == pytest.approx(clock.seconds, rel=TOLERANCE)


def test_time_of_a_killed_and_resumed_search_sums_to_both_sessions(
    tmp_path: Path, results: JobResults
) -> None:
    """What a SIGKILL cut off was time, too: but for 0.2 s, what the clock says.

    One hits while workers start and nothing is said for seconds, one among trials.
    """
    store, profile = prepare(tmp_path / "data")
    space = build_search_space(
        SearchSpaceOptions(preset="cpu"), DatasetProfile.read(profile).facts, seed=0
    )
    workspace = tmp_path / "workspace"
    arguments = str(store.path), space.to_dict(), profile, workspace
    cut_off = _killed(*arguments, when=("session", 1), wait_s=3)
    cut_off += _killed(*arguments, when=("ended", 2))

    clock = Clock()
    with clock.running():
        trials, found = search_architectures(
            store,
            SearchSpace.from_dict(space.to_dict()),
            DatasetProfile.read(profile),
            workspace,
            SearchOptions(**SEARCH),
            JobOptions(workers=2),
            budget_s=None,
            seed=0,
        )

    assert found.search.sessions == 3
    spent = add_up_time(replace(results, trials=trials, finalists=found))
    parts = spent.stages()["Search"]
    assert parts == pytest.approx(cut_off + clock.seconds, rel=TOLERANCE, abs=LOST_S)


def _killed(
    store: str,
    space: dict[str, Any],
    profile: dict[str, Any],
    workspace: Path,
    *,
    when: tuple[str, int],
    wait_s: float = 0.0,
) -> float:
    """Kill a search, seconds after so many events; gives the seconds it worked."""
    texts = [json.dumps(value) for value in (space, profile)]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            CHILD,
            store,
            *texts,
            str(workspace),
            json.dumps(SEARCH),
        ],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    events, (kind, n) = workspace / "search" / "ledger.jsonl", when
    while sum(e["event"] == kind for e in read_json_lines(events)) < n:
        assert process.poll() is None, "the search ended before it was killed"
        time.sleep(0.05)
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    ended = time.time()
    process.wait()
    return ended - float((workspace / "began").read_text())
