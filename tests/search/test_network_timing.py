"""`kedro_nas.search.network_timing`: candidate 0 is timed as a search times it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search.network_timing import NetworkTiming, measure_network
from kedro_nas.search.step_speed import MeasuredSpace
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN

VERDICT = Verdict(n_train=20, n_folds=5, n_repeats=3)


@pytest.fixture
def space() -> SearchSpace:
    """Give a space of networks for the images of `store_folder`."""
    data = DataFacts((8, 8, 1), 2, 20)
    return build_search_space(SearchSpaceOptions(preset="tiny"), data, seed=0)


def test_network_timing_gives_the_step_of_candidate_0(space: SearchSpace) -> None:
    """What a person reads is a step; what is divided by is an epoch."""
    speed = MachineSpeed(start_s=4, epoch_s=5, steps_per_epoch=250, workers=2)
    timing = NetworkTiming(MeasuredSpace(space, PLAIN, speed), speed, 3.0, 500.0)

    assert timing.step_s == 0.02
    assert timing.candidate_0 == space.anchors[0]


@pytest.mark.slow
def test_measure_network_times_candidate_0_on_all_workers(
    store_folder: Path, space: SearchSpace
) -> None:
    """It is timed as a search times it, and nothing stays behind."""
    before = sorted(store_folder.parent.rglob("*"))
    timing = measure_network(
        ImageStore.open(store_folder), space, VERDICT, JobOptions(workers=2), 60.0
    )

    assert timing.speed.workers == 2
    assert timing.step_s > 0
    assert timing.speed.start_s > 0
    assert timing.build_s > 0
    assert timing.memory_mb > 100
    assert sorted(store_folder.parent.rglob("*")) == before
