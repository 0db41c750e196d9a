"""The part of the pool that runs on a node, without a cluster."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.training.tasks import Task
from kedro_nas.training.workers import ray_worker
from kedro_nas.training.workers.node_files import node_store
from kedro_nas.training.workers.ray_worker import RayWorker, WorkerSetup
from kedro_nas.training.workers.worker_pool import Event


class _OneWorker:
    """A pool of one that writes a checkpoint instead of training."""

    def __init__(self, *, log: Path, **made_with: Any) -> None:
        self.made_with = made_with
        self.tasks: list[Task] = []
        log.write_bytes(b"hello\n")

    def process_ids(self) -> list[int]:
        return [7]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)

    def wait(self, timeout_s: float) -> list[Event]:
        task = self.tasks[-1]
        Path(task.checkpoint or "").write_bytes(b"epoch 1")
        return [Event("epoch", 0, task.task_id)]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RayWorker:
    """Make the worker of a node with temporary files of its own."""
    monkeypatch.setattr(ray_worker, "LocalPool", _OneWorker)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    return RayWorker(WorkerSetup(2, False, 600.0, 6144.0))


def test_worker_without_a_reserved_gpu_sees_none(worker: RayWorker) -> None:
    """Ray leaves the GPUs of a node visible to those that have not asked for one."""
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    assert worker._pool.made_with["threads"] == 2


def test_worker_beside_the_driver_uses_its_paths(
    worker: RayWorker, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Where the disk is shared nothing travels."""
    task = make_task(checkpoint=str(tmp_path / "r0.npz"))
    worker.train(task.model_dump_json(), None, None, None)
    report = worker.report()

    assert worker._pool.tasks == [task]
    assert report.files == {}
    assert [event.kind for event in report.events] == ["epoch"]


def test_worker_elsewhere_returns_what_it_wrote(
    worker: RayWorker, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Checkpoints travel under the driver's path, output of the worker beside them."""
    task = make_task(checkpoint=str(tmp_path / "away" / "r0.npz"))
    worker.train(task.model_dump_json(), 60.0, {}, "finger")
    first, again = worker.report(), worker.report()

    assert worker._pool.tasks[0].store == str(node_store("finger"))
    assert first.files == {task.checkpoint: b"epoch 1"}
    assert (first.printed, again.printed) == (b"hello\n", b"")
    assert not (tmp_path / "away").exists()
