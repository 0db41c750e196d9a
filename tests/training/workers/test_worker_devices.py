"""What a worker process is started with, with programs that only pretend to train."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kedro_nas import devices
from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers import local
from kedro_nas.training.workers.local import LocalPool

WORKER = """#!{python}
import json, os, sys
from pathlib import Path
Path("{folder}", str(os.getpid())).write_text(json.dumps(dict(os.environ)))
for line in sys.stdin:
    name = json.loads(line)["task"]["task_id"]
    print(json.dumps({{"event": "begun", "task_id": name}}), flush=True)
    outcome = {{"status": "completed", "memory_mb": float(name)}}
    end = {{"event": "end", "task_id": name, "outcome": outcome}}
    print(json.dumps(end), flush=True)
"""


@pytest.fixture
def start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[LocalPool, list[dict[str, str]]]]:
    """Start a pool on some GPUs; gives it and the environments of its workers."""
    pools = []
    folder = tmp_path / "environments"
    folder.mkdir()
    program = tmp_path / "python"
    program.write_text(WORKER.format(python=sys.executable, folder=folder))
    program.chmod(0o755)

    def make(gpus: devices.Gpus, **options: Any) -> tuple[LocalPool, Any]:
        monkeypatch.setattr(local, "find_gpus", lambda: gpus)
        monkeypatch.setattr(local, "gpu_names", lambda: list(gpus.names))
        monkeypatch.setattr(local.sys, "executable", str(program))
        pool = LocalPool(threads=1, log=tmp_path / "workers.log", **options)
        pools.append(pool)
        files = [folder / str(process) for process in pool.process_ids()]
        end = time.monotonic() + 60
        while not all(f.exists() and f.read_text().endswith("}") for f in files):
            assert time.monotonic() < end
            time.sleep(0.02)
        return pool, [json.loads(file.read_text()) for file in files]

    yield make
    for pool in pools:
        pool.close()


def test_pool_leaves_the_card_to_its_workers_without_hooks_too(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process of a pool allocates GPU memory as needed once it has a pool."""
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "")
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")

    _, environments = start(devices.Gpus(("0",)), workers=1)

    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert environments[0]["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_pool_goes_on_with_another_search_and_its_log(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """Two searches in one run import TensorFlow once, and each keeps its own log."""
    pool, _ = start(devices.Gpus(), workers=1)
    options = JobOptions(workers=1)
    pool.made_for = LocalPool.kind(options)
    before = pool.process_ids()

    taken = pool.take_over(options, tmp_path / "other" / "workers.log")
    refused = pool.take_over(JobOptions(workers=2), tmp_path / "workers.log")

    assert (taken, refused) == (True, False)
    assert pool.process_ids() == before
    assert pool._log == tmp_path / "other" / "workers.log"


def _serve(pool: LocalPool, architecture: Architecture, memory_mb: int) -> None:
    """Let worker 0 end a task with so much memory in use."""
    task = Task(
        task_id=str(memory_mb),
        architecture=architecture,
        store="",
        epochs=1,
        rows="dev",
        schedule_epochs=1,
        seed=0,
    )
    pool.submit(task, worker=0, remaining_s=None)
    end = time.monotonic() + 60
    while not any(event.kind == "end" for event in pool.wait(0.5)):
        assert time.monotonic() < end


@pytest.mark.parametrize(
    ("gpus", "workers", "expected"),
    [
        (("0", "1"), "auto", ["0", "1"]),
        (("0", "1"), 4, ["0", "1", "0", "1"]),
        (("GPU-8f3a", "3"), 1, ["GPU-8f3a"]),
        ((), 2, ["-1", "-1"]),
    ],
)
def test_pool_each_worker_sees_one_gpu_of_its_own(
    start: Callable[..., Any],
    gpus: tuple[str, ...],
    workers: Any,
    expected: list[str],
) -> None:
    """One worker per GPU; four on two share them evenly; without any they see none."""
    _, environments = start(devices.Gpus(gpus), workers=workers)

    assert [each["CUDA_VISIBLE_DEVICES"] for each in environments] == expected


def test_pool_that_cannot_use_a_card_says_so(
    start: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A run on a machine with an unusable card does not train on the CPU in silence."""
    start(devices.Gpus((), "TensorFlow can use none"), workers=1)

    assert "TensorFlow can use none." in caplog.messages


def test_pool_worker_above_its_memory_is_replaced_before_the_next_task(
    start: Callable[..., Any], small_architecture: Architecture
) -> None:
    """A worker that grew is ended between two tasks; one that did not is kept."""
    pool, _ = start(devices.Gpus(), workers=1, max_memory_mb=1000)
    processes = [pool.process_ids()[0]]
    for memory_mb in (999, 1001, 5):
        _serve(pool, small_architecture, memory_mb)
        processes.append(pool.process_ids()[0])
    first, after_small, after_large, replaced = processes

    assert first == after_small == after_large
    assert replaced != first
