"""Worker processes: pinned, watched, replaced, never orphaned."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.registry import forget_block, register_block
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers import local
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.local import LocalPool, _Worker, resolve_workers
from kedro_nas.training.workers.worker_pool import Event

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPool]:
    """Lease two workers once for all tests of this file."""
    log = tmp_path_factory.mktemp("pool") / "workers.log"
    with lease_pool(JobOptions(workers=2), log) as leased:
        yield leased


def _until(pool: LocalPool, kind: str, limit_s: float = 120) -> Event:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        for event in pool.wait(0.5):
            if event.kind == kind:
                return event
    raise AssertionError(f"no {kind} within {limit_s} s")


def test_pool_two_workers_give_the_outcome_of_the_task_alone(
    pool: LocalPool, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A task gives the same scores on either worker, and again from the journal."""
    tasks = [
        make_task(task_id=name, rows="fold:0:1", checkpoint=None, epochs=2)
        for name in ("one", "two")
    ]
    journal = tmp_path / "folds.jsonl"

    outcomes = run_tasks(pool, tasks, journal=journal, fingerprint="x").outcomes
    before = journal.read_text()
    again = run_tasks(pool, tasks, journal=journal, fingerprint="x").outcomes

    assert outcomes["one"].fold_scores == outcomes["two"].fold_scores
    assert again["one"].fold_scores == outcomes["one"].fold_scores
    assert journal.read_text() == before


def test_pool_import_is_told_to_the_task_that_waited_for_it(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """What a new worker imports is not taken for building; it is paid once."""
    new = LocalPool(workers=1, threads=1, log=tmp_path / "workers.log")
    tasks = [
        make_task(task_id=name, rows="fold:0:1", checkpoint=None, epochs=1, seed=seed)
        for seed, name in enumerate(("one", "two"))
    ]
    journal = tmp_path / "folds.jsonl"
    outcomes = run_tasks(new, tasks, journal=journal, fingerprint="x").outcomes
    new.close()

    assert outcomes["one"].seconds["import"] > 0
    assert outcomes["two"].seconds["import"] == 0


def test_pool_of_blocks_that_were_redefined_is_of_another_kind(
    tmp_path: Path,
) -> None:
    """Workers keep the code they have imported, so edited blocks want new workers."""

    def kind() -> tuple[object, ...]:
        return LocalPool.kind(JobOptions(workers=1))

    def mine(layers: Any, x: Any, **_: Any) -> Any:
        return x

    plain = kind()
    register_block("mine", path="team:mine")(mine)
    one, same = kind(), kind()
    forget_block("mine")
    register_block("mine", path="team:mine")(lambda layers, x, **_: layers.add(x, x))
    other = kind()
    forget_block("mine")

    assert plain != one == same != other


def test_pool_network_is_held_by_the_worker_that_trained_it_last(
    make_task: Callable[..., Task],
) -> None:
    """A search begun anew reuses names: the earlier holder's network is another."""
    pool = LocalPool.__new__(LocalPool)
    pool._workers = [_Worker(None), _Worker(None)]  # type: ignore[arg-type]
    for worker in pool._workers:
        worker.task = make_task(checkpoint="r0.npz")
        pool._remember(worker, Outcome(status="completed"))

    assert pool.holds("r0.npz") == 1


def test_pool_killed_worker_is_reported_and_replaced(
    pool: LocalPool, make_task: Callable[..., Task]
) -> None:
    """SIGKILL costs the running epoch only: the next attempt goes on from there."""
    task = make_task(task_id="victim", epochs=500, schedule_epochs=500)
    pool.submit(task, worker=0, remaining_s=None)
    _until(pool, "epoch")
    os.kill(pool.process_ids()[0], signal.SIGKILL)
    lost = _until(pool, "lost")

    short = task.model_copy(update={"epochs": 3})
    pool.submit(short, worker=0, remaining_s=None)
    ended = _until(pool, "end")

    assert lost.task_id == "victim"
    assert "signal 9" in lost.reason
    assert ended.outcome is not None
    assert ended.outcome.status == "completed"
    assert len(ended.outcome.history) >= 3


def test_pool_failing_task_says_why_and_the_worker_lives(
    pool: LocalPool, make_task: Callable[..., Task], small_architecture: Architecture
) -> None:
    """What raises inside a worker comes back as a failed outcome with its reason."""
    process = pool.process_ids()[1]
    blocks = (("odd", "nowhere:odd"),)
    broken = small_architecture.model_copy(update={"custom_blocks": blocks})
    task = make_task(task_id="broken", architecture=broken, checkpoint=None)
    pool.submit(task, worker=1, remaining_s=None)
    event = _until(pool, "end")

    assert event.outcome is not None
    assert event.outcome.status == "failed"
    assert "nowhere" in event.outcome.reason
    assert pool.process_ids()[1] == process


def test_pool_deadline_stops_a_long_task(
    pool: LocalPool, make_task: Callable[..., Task]
) -> None:
    """A task with three seconds left stops within them and a chunk."""
    task = make_task(task_id="long", epochs=10_000, schedule_epochs=10_000)
    pool.submit(task, worker=1, remaining_s=3.0)
    began = time.monotonic()
    event = _until(pool, "end")

    assert event.outcome is not None
    assert event.outcome.status == "stopped"
    assert time.monotonic() - began < 30


def test_pool_closed_leaves_no_process(tmp_path: Path) -> None:
    """Closing ends every worker at once, busy or not."""
    pool = LocalPool(workers=1, threads=1, log=tmp_path / "log")
    process = pool.process_ids()[0]

    pool.close()

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.fixture
def cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give this process's cores, at least two, which no other pool has claimed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("only Linux keeps processes on cores")
    found = sorted(os.sched_getaffinity(0))
    if len(found) == 1:
        pytest.skip("one core is always full")
    return found


def _cores_of(pool: LocalPool) -> list[list[int]]:
    return [sorted(os.sched_getaffinity(pid)) for pid in pool.process_ids()]


def test_pool_keeps_workers_on_cores_only_where_they_fill_them(
    tmp_path: Path, cores: list[int]
) -> None:
    """A small search leaves the choice of core to the system, for others' sake."""
    seen = {}
    for workers in (1, len(cores)):
        pool = LocalPool(workers=workers, threads=1, log=tmp_path / "log")
        seen[workers] = _cores_of(pool)
        pool.close()

    assert seen[1] == [cores]
    assert seen[len(cores)] == [[core] for core in cores]


def test_pool_beside_another_leaves_its_cores_to_the_system(
    tmp_path: Path, cores: list[int]
) -> None:
    """Of two pools that fill the machine one is pinned, the next when it has ended."""
    seen = []
    options = {"workers": len(cores), "threads": 1, "log": tmp_path / "log"}
    first, second = LocalPool(**options), LocalPool(**options)
    for pool in (first, second):
        seen.append(_cores_of(pool))
        pool.close()
    third = LocalPool(**options)
    seen.append(_cores_of(third))
    third.close()

    assert seen == [[[n] for n in cores], [cores] * len(cores), [[n] for n in cores]]


def test_resolve_workers_auto_is_one_per_gpu_or_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GPUs decide when there are any, cores and threads otherwise."""
    monkeypatch.setattr(local, "gpu_names", lambda: ["0", "1", "5"])
    with_gpus = resolve_workers("auto", 1)
    monkeypatch.setattr(local, "gpu_names", list)
    cores = len(os.sched_getaffinity(0))

    assert with_gpus == 3
    assert resolve_workers("auto", 1) == cores
    assert resolve_workers("auto", 2 * cores) == 1
    assert resolve_workers(7, 1) == 7
