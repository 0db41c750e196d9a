"""What a worker says of a task, whatever becomes of it."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from kedro_nas.training.checkpoints import load_checkpoint
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers import process
from kedro_nas.training.workers.messages import TaskMessage
from kedro_nas.training.workers.process import TaskServer

pytestmark = pytest.mark.slow


def test_server_folds_share_graphs_until_another_kind_of_task(
    make_task: Callable[..., Task],
) -> None:
    """The second fold is not traced; a final fit finds the memory of folds free."""
    channel = io.StringIO()
    server = TaskServer(channel)
    for rows in ("fold:0:0", "fold:0:1", "dev"):
        task = make_task(rows=rows, checkpoint=None, epochs=1)
        message = TaskMessage(task=task)
        server.serve(message, import_s=1.5 if rows == "fold:0:0" else 0.0)
    said = [json.loads(line) for line in channel.getvalue().splitlines()]
    seconds = [line["outcome"]["seconds"] for line in said if line["event"] == "end"]
    first_steps = [
        line["epoch"]["seconds_first_step"] for line in said if line["event"] == "epoch"
    ]

    assert [step > 0 for step in first_steps] == [True, False, True]
    assert [one["trace"] > 0 for one in seconds] == [True, False, True]
    assert [one["import"] for one in seconds] == [1.5, 0.0, 0.0]
    assert all(one["build"] > 0 and one["train"] > 0 for one in seconds)
    assert not server._fold_learners._learners


def test_server_prints_into_the_log_of_the_task(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Workers that go on with another search leave their messages in its workspace."""
    task = make_task(store=str(tmp_path / "no store"))
    lines = [
        TaskMessage(task=task, log=str(tmp_path / name)).model_dump_json()
        for name in ("one.log", "one.log", "two.log")
    ]
    program = (
        "import io, os, sys\n"
        "from kedro_nas.training.workers.messages import TaskMessage\n"
        "from kedro_nas.training.workers.process import TaskServer\n"
        "server = TaskServer(io.StringIO())\n"
        "for number, line in enumerate(sys.argv[1:]):\n"
        "    server.serve(TaskMessage.model_validate_json(line))\n"
        "    os.write(2, b'%d' % number)\n"
    )

    subprocess.run([sys.executable, "-c", program, *lines], check=True)

    assert (tmp_path / "one.log").read_text().endswith("01")
    assert (tmp_path / "two.log").read_text().endswith("2")


def test_server_log_that_was_deleted_is_written_anew(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """What custom code prints is in the file at once, and in that of its task."""
    task = make_task(store=str(tmp_path / "no store"))
    log = tmp_path / "workers.log"
    line = TaskMessage(task=task, log=str(log)).model_dump_json()
    program = (
        "import os, sys\n"
        "from kedro_nas.training.workers.messages import TaskMessage\n"
        "from kedro_nas.training.workers.process import TaskServer, _claim_stdout\n"
        "server = TaskServer(_claim_stdout())\n"
        "message = TaskMessage.model_validate_json(sys.argv[1])\n"
        "server.serve(message)\n"
        "os.unlink(message.log)\n"
        "server.serve(message)\n"
        "print('printed')\n"
        "os._exit(0)\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", program, line]
    subprocess.run(command, check=True, env=environment)

    assert log.read_text().endswith("printed\n")


def test_server_kept_network_of_an_earlier_search_is_not_trained_on(
    make_task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search begun anew writes the same names; its candidates are its own."""
    given: list[Any] = []

    class FakeUnit:
        def __init__(self, task: Task, *, learner: Any, **_: Any) -> None:
            given.append(learner)
            self.learner, self.fingerprint = learner or f"seed {task.seed}", ""

        def run(self) -> Outcome:
            return Outcome(status="completed")

    monkeypatch.setattr("kedro_nas.training.unit.Unit", FakeUnit)
    server = TaskServer(io.StringIO())
    parent = make_task(epochs=1)
    promoted = make_task(epoch_start=1, parent=parent.checkpoint, checkpoint="r1.npz")
    for seed, task in [(3, parent), (9, promoted), (3, parent), (3, promoted)]:
        one = task.model_copy(update={"seed": seed})
        server.serve(TaskMessage(task=one))

    assert given == [None, None, None, "seed 3"]


def test_server_checkpoint_on_a_full_disk_is_an_outage_with_its_path(
    make_task: Callable[..., Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half a file stays, the former state does, and the task goes on from it."""
    channel = io.StringIO()
    server = TaskServer(channel)
    task = make_task(epochs=1)
    server.serve(TaskMessage(task=task))
    longer = task.model_copy(update={"epochs": 2})
    write = np.savez

    def half(file: Any, **arrays: Any) -> None:
        write(file, **dict(list(arrays.items())[:1]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", half)
        server.serve(TaskMessage(task=longer))
    files = [path.name for path in tmp_path.iterdir()]
    state = load_checkpoint(task.checkpoint)
    server.serve(TaskMessage(task=longer))

    said = [json.loads(line) for line in channel.getvalue().splitlines()]
    ended = [line["outcome"] for line in said if line["event"] == "end"]
    assert [outcome["status"] for outcome in ended] == [
        "completed",
        "outage",
        "completed",
    ]
    assert ended[1]["outage"] == {
        "message": os.strerror(errno.ENOSPC),
        "path": task.checkpoint,
        "errno": errno.ENOSPC,
    }
    assert files == ["task.npz"]
    assert state is not None
    assert state.meta.epochs == 1
    assert [epoch["epoch"] for epoch in ended[2]["history"]] == [1, 2]


@pytest.mark.parametrize("fault", ["missing", "cut short", "forbidden"])
def test_server_store_that_cannot_be_read_is_an_outage(
    make_task: Callable[..., Task],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """No candidate can be judged without images, so none is failed for it."""
    store = tmp_path / "store"
    if fault != "missing":
        shutil.copytree(make_task().store, store)
    if fault == "cut short":
        (store / "pixels.npy").write_bytes(b"")
    if fault == "forbidden":

        def forbidden(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(pq, "ParquetFile", forbidden)
    channel = io.StringIO()
    task = make_task(store=str(store), checkpoint=None)
    TaskServer(channel).serve(TaskMessage(task=task))
    outcome = json.loads(channel.getvalue().splitlines()[-1])["outcome"]

    assert outcome["status"] == "outage"
    assert outcome["outage"]["path"] == str(store)


def test_server_reports_progress_between_begun_and_epoch(
    make_task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver hears of a task while its epoch is still being trained."""
    monkeypatch.setattr("kedro_nas.training.workers.process.PROGRESS_S", 0.0)
    channel = io.StringIO()
    task = make_task(checkpoint=None, epochs=1)
    TaskServer(channel).serve(TaskMessage(task=task))
    events = [json.loads(line)["event"] for line in channel.getvalue().splitlines()]

    assert events[0] == "begun"
    assert events[1 : events.index("epoch")].count("progress") > 5


@pytest.mark.parametrize(("system", "peak"), [("darwin", 3 * 2**20), ("sunos5", 3072)])
def test_resident_mb_without_proc_is_the_peak_in_the_systems_unit(
    monkeypatch: pytest.MonkeyPatch, system: str, peak: int
) -> None:
    """MacOS counts bytes where others count kibibytes; both mean 3 MiB here."""
    usage = SimpleNamespace(ru_maxrss=peak)
    monkeypatch.setattr(process, "STATM", Path("/no/such/file"))
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("resource.getrusage", lambda _: usage)

    assert process._resident_mb() == 3
