"""What the pool on a cluster makes of answers, with actors that are scripted."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers import ray_pool
from kedro_nas.training.workers.ray_cluster import Cluster
from kedro_nas.training.workers.ray_pool import RayPool
from kedro_nas.training.workers.ray_slots import Assignment
from kedro_nas.training.workers.ray_worker import WorkerPlace, WorkerReport
from kedro_nas.training.workers.worker_pool import Event


class _ScriptedRay:
    """One node of two CPUs whose actors answer what is put into `answers`."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.stored: list[bytes] = []
        self.killed: list[Any] = []
        self._numbers = itertools.count()

    def is_initialized(self) -> bool:
        return True

    def nodes(self) -> list[dict[str, Any]]:
        resources = {"CPU": 2.0}
        return [{"NodeID": "n", "Alive": True, "Resources": resources}]

    def remote(self, **_: Any) -> Callable[[type], Any]:
        return lambda _: SimpleNamespace(remote=self._start)

    def _start(self, _: object) -> Any:
        name = f"actor {next(self._numbers)}"
        place = WorkerPlace("host", "n", (1, 2), True, True)
        self.answers[f"{name} describe"] = place
        calls = ("describe", "train", "report", "hold_store")
        return SimpleNamespace(**{call: self._call(name, call) for call in calls})

    def _call(self, name: str, call: str) -> Any:
        return SimpleNamespace(remote=lambda *_: f"{name} {call}")

    def put(self, content: bytes) -> bytes:
        self.stored.append(content)
        return content

    def wait(self, refs: list[str], *, num_returns: int, timeout: float) -> Any:
        return [ref for ref in refs if ref in self.answers], []

    def get(self, ref: str) -> Any:
        answer = self.answers.pop(ref)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, actor: Any) -> None:
        self.killed.append(actor)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> _ScriptedRay:
    """Connect pools to scripted actors."""
    made = _ScriptedRay()
    monkeypatch.setattr(ray_pool, "connect", lambda _: Cluster(made, is_own=False))
    return made


def test_copies_that_answer_together_give_one_outcome(
    ray: _ScriptedRay, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """The answer of the worker that is replaced is not read."""
    pool = RayPool(JobOptions(pool="ray", workers=2), tmp_path / "workers.log")
    task = make_task(task_id="slow")
    pool.submit(task, worker=0, remaining_s=None)
    pool._assign(pool._slots[1], Assignment(task, None, is_copy=True))
    copy = pool._slots[1].actor
    for number in (0, 1):
        ray.answers[f"actor {number} train"] = WorkerReport([])
    pool.wait(0)
    epoch = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0)
    end = Event("end", 0, "slow", outcome=Outcome(status="completed"))
    ray.answers["actor 0 report"] = WorkerReport([end])
    ray.answers["actor 1 report"] = WorkerReport([Event("epoch", 0, "slow", epoch)])
    events = pool.wait(0)
    pool.close()

    assert [(event.kind, event.worker) for event in events] == [("end", 0)]
    assert copy in ray.killed
    assert pool._slots[1].actor is not copy


@pytest.mark.parametrize("call", ["train", "report"])
def test_disk_of_a_node_that_is_full_is_an_outage_and_no_failure(
    ray: _ScriptedRay, make_task: Callable[..., Task], tmp_path: Path, call: str
) -> None:
    """The stage ends with the node and the path; the trial keeps its attempts."""
    pool = RayPool(JobOptions(pool="ray", workers=1), tmp_path / "workers.log")
    pool.submit(make_task(task_id="unlucky"), worker=0, remaining_s=None)
    full = RuntimeError("RayTaskError")
    full.cause = OSError(errno.ENOSPC, "No space left", "worker/x")  # type: ignore[attr-defined]
    if call == "report":
        ray.answers["actor 0 train"] = WorkerReport([])
        pool.wait(0)
    ray.answers[f"actor 0 {call}"] = full
    (event,) = pool.wait(0)
    pool.close()

    assert (event.kind, event.task_id) == ("end", "unlucky")
    assert event.outcome is not None
    assert event.outcome.outage is not None
    assert event.outcome.outage.errno == errno.ENOSPC
    assert event.outcome.outage.path == "host:worker/x"
    assert ray.killed == [pool._slots[0].actor]  # by close alone


def test_error_of_a_node_that_is_no_outage_loses_its_worker(
    ray: _ScriptedRay, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A node that dies is told apart from a disk that is full."""
    pool = RayPool(JobOptions(pool="ray", workers=1), tmp_path / "workers.log")
    pool.submit(make_task(task_id="unlucky"), worker=0, remaining_s=None)
    ray.answers["actor 0 train"] = RuntimeError("the actor died")
    (event,) = pool.wait(0)
    pool.close()

    assert (event.kind, event.task_id) == ("lost", "unlucky")
    assert "the actor died" in event.reason


def test_copy_that_is_behind_overwrites_no_checkpoint(
    ray: _ScriptedRay, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Files and epochs that the other worker has reported already are not taken."""
    pool = RayPool(JobOptions(pool="ray", workers=2), tmp_path / "workers.log")
    task = make_task(task_id="slow", checkpoint=str(tmp_path / "r0.npz"))
    pool.submit(task, worker=0, remaining_s=None)
    pool._assign(pool._slots[1], Assignment(task, None, is_copy=True))
    for number in (0, 1):
        ray.answers[f"actor {number} train"] = WorkerReport([])
    pool.wait(0)
    events = []
    for number, reached in ((0, 2), (1, 1)):
        epoch = Epoch(epoch=reached, train_loss=1, learning_rate=1, seconds_train=1)
        files = {str(task.checkpoint): b"epoch %d" % reached}
        report = WorkerReport([Event("epoch", 0, "slow", epoch)], files)
        ray.answers[f"actor {number} report"] = report
        events += pool.wait(0)
    pool.close()

    assert [event.epoch.epoch for event in events if event.epoch] == [2]
    assert Path(str(task.checkpoint)).read_bytes() == b"epoch 2"


def test_images_that_have_changed_under_their_path_are_sent_again(
    ray: _ScriptedRay, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A pool that goes on with another stage does not train on its old images."""
    pool = RayPool(JobOptions(pool="ray", workers=2), tmp_path / "workers.log")
    store = make_task().store
    first = pool._put_store(store)
    n_sent = len(ray.stored)
    again = pool._put_store(store)
    n_sent_again = len(ray.stored)
    pool._stores[store] = "of other images", []
    changed = pool._put_store(store)
    pool.close()

    assert n_sent_again == n_sent > 0
    assert again == first
    assert changed == first
    assert len(ray.stored) == 2 * n_sent
