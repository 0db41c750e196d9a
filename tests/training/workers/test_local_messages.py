"""What a pool makes of the lines of a worker, with small programs in its place."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers import local
from kedro_nas.training.workers.local import LocalPool
from kedro_nas.training.workers.worker_pool import Event

SEND = """
import json, os, signal, sys, time
def send(**message):
    print(json.dumps({"task_id": "task", **message}), flush=True)
sys.stdin.readline()
send(event="begun")
"""
EPOCH = """
send(event="epoch", epoch={
    "epoch": 1, "train_loss": 1, "learning_rate": 1, "seconds_train": 3})
sys.stdin.readline()
"""


@pytest.fixture
def start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small_architecture: Architecture,
) -> Iterator[Callable[..., LocalPool]]:
    """Start a pool of one worker that runs a program instead, with a task in hand."""
    pools: list[LocalPool] = []
    real = subprocess.Popen

    def begin(program: str, max_silence_s: float = 60.0) -> LocalPool:
        def popen(_: list[str], **options: Any) -> Any:
            return real([sys.executable, "-c", program], **options)

        monkeypatch.setattr(local.subprocess, "Popen", popen)
        pool = LocalPool(
            workers=1, threads=1, log=tmp_path / "log", max_silence_s=max_silence_s
        )
        pools.append(pool)
        task = Task(
            task_id="task",
            architecture=small_architecture,
            store="/store",
            rows="search",
            epochs=2,
            schedule_epochs=2,
            seed=0,
        )
        pool.submit(task, worker=0, remaining_s=None)
        return pool

    yield begin
    for pool in pools:
        pool.close()


def _first(pool: LocalPool, limit_s: float = 20.0) -> Event:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        events = pool.wait(0.1)
        if events:
            return events[0]
    raise AssertionError(f"no event within {limit_s} s")


def test_pool_epoch_longer_than_the_silence_is_not_hung_while_it_gets_on(
    start: Callable[..., LocalPool],
) -> None:
    """Steps within an epoch count as progress, however long the epoch is."""
    steps = 'for _ in range(12):\n    send(event="progress"); time.sleep(0.25)\n'
    pool = start(SEND + steps + EPOCH, max_silence_s=1.5)

    assert _first(pool).kind == "epoch"


def test_pool_worker_that_gets_no_further_is_lost(
    start: Callable[..., LocalPool],
) -> None:
    """A worker that hangs within an epoch is found and replaced."""
    pool = start(SEND + 'send(event="progress"); time.sleep(60)', max_silence_s=1.5)
    event = _first(pool)

    assert (event.kind, event.begun) == ("lost", True)
    assert event.reason == "it made no progress for 2 s"


@pytest.mark.parametrize(
    "line", ["proxy configured", "null", "7", '{"event": "x"}', "\\xff\\xfe"]
)
def test_pool_foreign_line_on_stdout_is_logged_and_death_still_noticed(
    start: Callable[..., LocalPool], tmp_path: Path, line: str
) -> None:
    """What a start-up hook prints is no event, and ends nobody's listening."""
    printed = f'sys.stdout.buffer.write(b"{line}\\n")\n'.replace(
        '{"event": "x"}', '{\\"event\\": \\"x\\"}'
    )
    death = "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    event = _first(start("import sys\n" + printed + SEND + death))

    assert event.kind == "lost"
    assert "signal 9" in event.reason
    assert (tmp_path / "log").read_text(encoding="utf-8").strip() != ""


def test_pool_worker_killed_by_a_failing_mapped_file_is_an_outage(
    start: Callable[..., LocalPool],
) -> None:
    """SIGBUS is how the system says that the pixels cannot be read."""
    event = _first(start(SEND + "os.kill(os.getpid(), signal.SIGBUS)"))

    assert event.kind == "end"
    assert event.outcome is not None
    assert event.outcome.outage is not None
    assert event.outcome.outage.path == "/store"


def test_pool_taken_over_writes_to_the_new_log_also_from_a_replaced_worker(
    start: Callable[..., LocalPool], tmp_path: Path
) -> None:
    """A worker of before gets the log with its task, a later one at its start."""
    pool = start(
        "import json, sys\n"
        "print(json.loads(sys.stdin.readline())['log'], file=sys.stderr)\n"
    )
    task = pool._workers[0].task
    assert task is not None
    old, new = tmp_path / "log", tmp_path / "later" / "log"
    options = JobOptions(workers=1)
    pool.made_for = LocalPool.kind(options)
    _first(pool)
    taken = pool.take_over(options, new)
    for _ in range(2):
        pool.submit(task, worker=0, remaining_s=None)
        _first(pool)

    assert taken
    assert old.read_text() == f"{old}\n{new}\n"
    assert new.read_text() == f"{new}\n"
