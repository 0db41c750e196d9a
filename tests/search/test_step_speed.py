"""What is measured of a GPU is measured once, and followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.records.search import Execution, SearchResult
from kedro_nas.search import step_speed as measured
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import SpeedMeasured
from kedro_nas.search.search import search_architectures
from kedro_nas.search.step_speed import (
    EXPONENTS,
    LEAST_TRAININGS,
    TIMES_MACS,
    _time_steps,
    _wider_task,
    _with_exponent,
)
from kedro_nas.space.costs import costs, count_macs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training import execution, run
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.run import run_tasks
from kedro_nas.training.step_timing import PROBE_STEPS, Measured
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

pytestmark = pytest.mark.slow

HALF = Execution(precision="mixed_bfloat16")
# a full training of candidate 0 takes 60 s
SPEED = MachineSpeed(start_s=4.0, epoch_s=4.0, steps_per_epoch=250, workers=2)


class _Job:
    """Searches 300 digits, as if there were a GPU or not."""

    def __init__(self, folder: Path) -> None:
        images, labels = load_digits(return_X_y=True)
        pixels = (images[:300].reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
        self.folder = folder
        self.store, self.profile = prepare_images(
            (pixels, labels[:300]), DataPreparationOptions(), seed=0, workspace=folder
        )
        self.probes = 0

    def probe(self, *_: Any, **__: Any) -> Measured:
        """Stand for the probes of a card that likes batches of 64 in bfloat16."""
        self.probes += 1
        return Measured(execution=HALF, batch_size=64, images_per_s={"plain": 1.0})

    def search(self, **changes: Any) -> tuple[Any, SearchResult]:
        """Search, or go on."""
        space = build_search_space(
            SearchSpaceOptions.model_validate(changes.pop("space", {})),
            self.profile.facts,
            seed=0,
        )
        budget_s = changes.pop("job_budget_s", None)
        self.job = JobOptions(workers=1, **changes.pop("job", {}))
        self.options = SearchOptions.model_validate(
            {
                "finalists": 1,
                "max_trials": 2,
                "max_epochs": 4,
                "factor": 2,
                "min_steps": 1,
                "progress": "off",
                **changes,
            }
        )
        return search_architectures(
            self.store,
            space,
            self.profile,
            self.folder,
            self.options,
            self.job,
            budget_s=budget_s,
            seed=0,
        )


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Job:
    """Pretend a GPU where the decision is made; workers train on the CPU."""
    job = _Job(tmp_path)
    monkeypatch.setattr(execution, "gpu_names", lambda: ["0"])
    monkeypatch.setattr(measured, "probe", job.probe)
    return job


def batches(trials: Any) -> set[int]:
    """List the batch sizes that were trained with."""
    return {json.loads(a)["recipe"]["batch_size"] for a in trials["architecture"]}


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Execution]]:
    """Collect rows and execution of the tasks of ranking and final fit."""
    seen: list[tuple[str, Execution]] = []

    def follow(pool: Any, tasks: Any, **options: Any) -> Any:
        seen.extend((task.rows.split(":")[0], task.execution) for task in tasks)
        return run_tasks(pool, tasks, **options)

    monkeypatch.setattr(run, "run_tasks", follow)
    return seen


def test_search_measures_once_and_all_stages_follow(
    gpu: _Job, followed: list[tuple[str, Execution]]
) -> None:
    """Batch and precision are measured once, kept, and used to rank and to fit."""
    trials, found = gpu.search()
    more, _ = gpu.search(max_trials=3)
    ranking = RankingOptions(folds=2, repeats=1, epochs=1)
    job = gpu.job.model_copy(update={"baseline": "none"})
    data = (gpu.store, gpu.profile)
    _, _, choice = rank_finalists(*data, found, gpu.folder, ranking, job, 0)
    fit_final_models(*data, choice, gpu.folder, ExportOptions(epochs=1), job, 0)

    assert gpu.probes == 1
    assert batches(trials) == batches(more) == {64}
    assert (len(trials), len(more)) == (2, 3)
    assert found.search.execution == HALF
    assert followed == [("fold", HALF), ("fold", HALF), ("dev", HALF)]


def test_search_keeps_the_users_batch_size(gpu: _Job) -> None:
    """A batch size somebody chose is not replaced by a measured one."""
    trials, _ = gpu.search(space={"batch_size": [16]}, max_trials=1)

    assert (gpu.probes, batches(trials)) == (1, {16})


def test_search_plain_is_not_measured(gpu: _Job) -> None:
    """`execution: plain` measures nothing and changes nothing."""
    trials, found = gpu.search(job={"execution": "plain"}, max_trials=1)

    assert (gpu.probes, batches(trials)) == (0, {32})
    assert found.search.execution == PLAIN


def test_search_begun_on_a_cpu_goes_on_unmeasured(
    gpu: _Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moved to a machine with a GPU, a search keeps the batches of its first trials."""
    with monkeypatch.context() as without:
        without.setattr(execution, "gpu_names", list)
        gpu.search(max_trials=1)
    trials, _ = gpu.search(max_trials=2)

    assert (gpu.probes, len(trials), batches(trials)) == (0, 2, {32})


@pytest.mark.parametrize(("has_units", "expected"), [(False, PLAIN), (True, HALF)])
def test_search_on_a_cpu_follows_its_hardware(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_units: bool,
    expected: Execution,
) -> None:
    """Nothing is measured: a batch of 32, in bfloat16 where the CPU multiplies it."""
    monkeypatch.setattr(execution, "cpu_multiplies_bfloat16", lambda: has_units)
    trials, found = _Job(tmp_path).search(max_trials=1)

    assert found.search.execution == expected
    assert batches(trials) == {32}


def test_search_in_bfloat16_goes_on_in_float32_on_a_cpu_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace moved to an older machine is resumed, not refused."""
    monkeypatch.setattr(execution, "cpu_multiplies_bfloat16", lambda: True)
    job = _Job(tmp_path)
    job.search(max_trials=1)
    monkeypatch.setattr(execution, "cpu_multiplies_bfloat16", bool)
    trials, found = job.search(max_trials=2)

    assert len(trials) == 2
    assert found.search.execution == PLAIN


def test_search_with_a_budget_in_seconds_times_candidate_0_once(tmp_path: Path) -> None:
    """The budget is divided by what this machine needs, measured before any trial."""
    job = _Job(tmp_path)
    _, found = job.search(max_trials=1, job_budget_s=600.0)
    _, again = job.search(max_trials=2, job_budget_s=600.0)
    ledger = Ledger(tmp_path / "search" / "ledger.jsonl")
    (line,) = ledger.of(SpeedMeasured)
    kinds = [event.event for event in ledger.events]
    n_train = len(job.store.rows("train"))

    assert kinds.index("speed") < kinds.index("created")
    assert line.steps_per_epoch == n_train // 32
    assert line.workers == 1
    assert 0 < line.epoch_s < 30
    assert found.budget.plan.full_trainings is not None
    assert again.budget.plan.full_trainings is not None
    assert found.search.budget_s == found.budget.plan.search_s
    assert found.budget.budget_s == 600.0


def test_search_bounded_by_counts_measures_nothing(tmp_path: Path) -> None:
    """Without a budget nothing depends on the speed of a machine."""
    _, found = _Job(tmp_path).search(max_trials=1)

    assert Ledger(tmp_path / "search" / "ledger.jsonl").of(SpeedMeasured) == []
    assert found.budget.plan.full_trainings is None
    assert found.search.budget_s is None


class _FailingPool:
    """Two workers on which nothing trains."""

    size = 2

    def __init__(self) -> None:
        self.running: dict[int, Task] = {}

    def free(self) -> list[int]:
        return [number for number in (0, 1) if number not in self.running]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.running[worker] = task

    def wait(self, timeout_s: float) -> list[Event]:
        worker, task = self.running.popitem()
        failed = Outcome(status="failed", reason="ValueError: planted")
        return [Event("end", worker, task.task_id, outcome=failed)]


def test_speed_of_a_candidate_0_that_does_not_train_is_an_error(
    digits: tuple[ImageStore, Any], make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """No budget can be divided then, and the reason is said before any trial."""
    task = make_task(probe_steps=2, checkpoint=None)

    with pytest.raises(SearchError, match="ValueError: planted"):
        _time_steps(_FailingPool(), task, digits[0], tmp_path)  # type: ignore[arg-type]


@pytest.fixture
def probes(
    small_space: SearchSpace, make_task: Callable[..., Task]
) -> tuple[Task, SearchSpace]:
    """Give the probe of candidate 0, and a space with wider networks."""
    network = small_space.anchors[0]
    return make_task(architecture=network, probe_steps=PROBE_STEPS), small_space


def _timed(step_s: float) -> Outcome:
    return Outcome(status="completed", seconds={"train": PROBE_STEPS * step_s})


def test_wider_network_is_the_widest_within_its_multiply_adds(
    probes: tuple[Task, SearchSpace],
) -> None:
    """It is trained as candidate 0 is, so that only the width differs."""
    task, space = probes
    wider = _wider_task(task, space, SPEED, 600.0)

    assert wider is not None
    assert wider.architecture.recipe == task.architecture.recipe
    assert wider.probe_steps == task.probe_steps
    times = count_macs(wider.architecture) / count_macs(task.architecture)
    assert 1 < times <= TIMES_MACS


@pytest.mark.parametrize("budget_s", [None, LEAST_TRAININGS * 60 - 1])
def test_wider_network_is_not_timed_where_no_budget_affords_it(
    probes: tuple[Task, SearchSpace], budget_s: float | None
) -> None:
    """A short job has no seconds for it, and would train nothing wider."""
    assert _wider_task(*probes, SPEED, budget_s) is None


def test_wider_network_is_none_where_bounds_leave_candidate_0_alone(
    probes: tuple[Task, SearchSpace],
) -> None:
    """Timing candidate 0 twice would say nothing."""
    task, space = probes
    bounds = space.bounds.model_copy(
        update={"max_params": costs(space.anchors[0]).params}
    )
    bounded = space.model_copy(update={"bounds": bounds})

    assert _wider_task(task, bounded, SPEED, 600.0) is None


@pytest.mark.parametrize("exponent", [0.55, 0.7, 1.0])
def test_exponent_gives_back_the_seconds_that_were_measured(
    probes: tuple[Task, SearchSpace], exponent: float
) -> None:
    """Also with one worker of two failed; the other seconds are kept as they are."""
    task, space = probes
    wider = _wider_task(task, space, SPEED, 600.0)
    assert wider is not None
    times = count_macs(wider.architecture) / count_macs(task.architecture)
    step_s = SPEED.epoch_s / SPEED.steps_per_epoch
    found = _with_exponent(
        SPEED,
        task,
        wider,
        [_timed(step_s * times**exponent), Outcome(status="failed", reason="planted")],
    )

    assert found.cost_exponent == pytest.approx(exponent)
    assert found.epoch_s_of(times) == pytest.approx(SPEED.epoch_s * times**exponent)
    assert found.times_macs_for(found.epoch_s_of(3.0)) == pytest.approx(3.0)
    assert found.epoch_s == SPEED.epoch_s


@pytest.mark.parametrize(("step_s", "kept"), [(1e-6, 0), (1e3, 1)])
def test_exponent_of_a_disturbed_measurement_is_limited(
    probes: tuple[Task, SearchSpace], step_s: float, kept: int
) -> None:
    """A machine that slept for a moment must not size the networks of a night."""
    task, space = probes
    wider = _wider_task(task, space, SPEED, 600.0)
    assert wider is not None

    found = _with_exponent(SPEED, task, wider, [_timed(step_s)])
    assert found.cost_exponent == EXPONENTS[kept]


def test_exponent_is_one_and_the_reason_told_where_nothing_was_timed(
    probes: tuple[Task, SearchSpace], caplog: pytest.LogCaptureFixture
) -> None:
    """The job goes on with seconds in proportion to multiply-adds."""
    failed = [Outcome(status="failed", reason="out of memory: planted")]

    assert _with_exponent(SPEED, probes[0], probes[0], failed) == SPEED
    assert "out of memory: planted" in caplog.text
