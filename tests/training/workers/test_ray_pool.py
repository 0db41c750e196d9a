"""The pool on a cluster keeps the contract, also while machines come and go."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.training.workers.ray_cluster_here import SmallCluster, small_cluster

from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.testing import WorkerPoolContract
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.node_files import Mark, node_store
from kedro_nas.training.workers.ray_pool import RayPool
from kedro_nas.training.workers.worker_pool import Event, WorkerPool, make_pool

pytestmark = [
    pytest.mark.slow,
    # Ray's own: sockets and processes that it leaves to the interpreter's end
    pytest.mark.filterwarnings("ignore"),
]

LIMIT_S = 400.0  # two busy cores start nodes slowly


@pytest.fixture(scope="module")
def cluster() -> Iterator[SmallCluster]:
    """Start two nodes of one CPU once for all tests of this file."""
    with small_cluster() as made:
        yield made


class TestRayPool(WorkerPoolContract):
    """Workers on two nodes."""

    limit_s = LIMIT_S

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _address(cls, cluster: SmallCluster) -> Iterator[None]:
        os.environ["RAY_ADDRESS"] = cluster.address
        yield
        del os.environ["RAY_ADDRESS"]

    def make(self, options: JobOptions, log: Path) -> WorkerPool:
        """Return a new pool."""
        return make_pool("ray", options, log)


@pytest.fixture
def start(cluster: SmallCluster, tmp_path: Path) -> Iterator[Callable[..., RayPool]]:
    """Start pools on the cluster, closed after the test."""
    made: list[RayPool] = []

    def start(**options: Any) -> RayPool:
        job = JobOptions(pool="ray", ray_address=cluster.address, **options)
        made.append(RayPool(job, tmp_path / "workers.log"))
        return made[-1]

    yield start
    for pool in made:
        pool.close()


def _until(pool: RayPool, *kinds: str) -> Event:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for event in pool.wait(0.5):
            if event.kind in kinds:
                return event
    raise AssertionError(f"no {kinds} within {LIMIT_S} s")


def test_node_without_the_drivers_disk_gets_the_images_once_and_returns_files(
    start: Callable[..., RayPool],
    make_task: Callable[..., Task],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both workers train from one copy; checkpoints arrive under the driver's path."""
    task = make_task(epochs=1, schedule_epochs=2)
    copy = node_store(ImageStore.open(task.store).fingerprint)
    shutil.rmtree(copy, ignore_errors=True)
    monkeypatch.setattr(Mark, "is_seen", lambda _: False)
    found = Mark.write
    # no node reads what the driver says it has written
    monkeypatch.setattr(
        Mark, "write", lambda folder: Mark(found(folder).path, "elsewhere")
    )
    pool = start(workers=2)
    pool.submit(task, worker=0, remaining_s=None)
    first = _until(pool, "end", "lost").outcome
    child = make_task(
        epochs=2, schedule_epochs=2, epoch_start=1, parent=task.checkpoint
    )
    child = child.model_copy(update={"checkpoint": f"{task.checkpoint}.r1.npz"})
    pool.submit(child, worker=1, remaining_s=None)
    second = _until(pool, "end", "lost").outcome
    stores = [ref for _, ref in pool._stores.values()]
    copied = copy.is_dir()
    shutil.rmtree(copy, ignore_errors=True)

    assert first is not None
    assert second is not None
    assert [e.epoch for e in second.history] == [1, 2]
    assert second.history[0] == first.history[0]
    assert Path(child.checkpoint or "").is_file()
    assert copied
    assert len(stores) == 1


def test_killed_worker_and_killed_node_cost_an_epoch_and_are_replaced(
    cluster: SmallCluster,
    start: Callable[..., RayPool],
    make_task: Callable[..., Task],
) -> None:
    """The task goes on from its checkpoint, and on a node that came in mid-search."""
    pool = start(workers=2)
    task = make_task(task_id="victim", epochs=5_000, schedule_epochs=5_000)
    pool.submit(task, worker=0, remaining_s=None)
    _until(pool, "epoch")
    place = pool._slots[0].place
    assert place is not None
    began = time.monotonic()
    os.kill(place.process_ids[1], signal.SIGKILL)
    lost = _until(pool, "lost")
    pool.submit(task, worker=pool.free()[0], remaining_s=None)
    again = _until(pool, "epoch").epoch
    worker_s = time.monotonic() - began

    busy = next(slot for slot in pool._slots if slot.assignment is not None)
    assert busy.place is not None
    node = next(n for n in cluster.nodes if n.node_id == busy.place.node_id)
    began = time.monotonic()
    cluster.kill(node)
    gone = _until(pool, "lost")
    noticed_s = time.monotonic() - began
    pool.submit(task, worker=pool.free()[0], remaining_s=None)
    after = _until(pool, "epoch").epoch
    node_s = time.monotonic() - began
    cluster.add()
    while pool.size < 2 and time.monotonic() - began < LIMIT_S:
        pool.wait(0.5)
    print(
        f"\nworker killed: next epoch after {worker_s:.1f} s; node killed: noticed "
        f"after {noticed_s:.1f} s, next epoch after {node_s:.1f} s"
    )

    assert "signal 9" in lost.reason
    assert again is not None
    assert again.epoch > 1
    assert gone.task_id == "victim"
    assert noticed_s < 60
    assert after is not None
    assert after.epoch > again.epoch
    assert pool.size == 2
