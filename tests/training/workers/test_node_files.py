"""The files of a task on a node that does not share the driver's disk."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kedro_nas.data.store import FILES, ImageStore
from kedro_nas.files import write_atomically
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Ancestor, Task
from kedro_nas.training.workers.node_files import (
    Mark,
    TaskFiles,
    WorkerFolder,
    copy_store,
    has_store,
    node_store,
    read_chunks,
    read_inputs,
)


@pytest.fixture(autouse=True)
def _node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the node temporary files of its own."""
    (tmp_path / "node").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "node"))


def test_mark_is_seen_only_where_its_content_is_read(tmp_path: Path) -> None:
    """Another disk may have a file of the same name."""
    mark = Mark.write(tmp_path)
    seen = mark.is_seen()
    other = Mark(mark.path, "other").is_seen()
    mark.remove()

    assert seen
    assert not other
    assert not mark.is_seen()


def test_copy_of_a_store_is_equal_and_written_once(store_folder: Path) -> None:
    """The second worker of a node fetches nothing."""
    fetched: list[str] = []

    def chunks() -> list[tuple[str, Callable[[], bytes]]]:
        def fetch(name: str, content: bytes) -> bytes:
            fetched.append(name)
            return content

        return [
            (name, lambda n=name, c=content: fetch(n, c))  # type: ignore[misc]
            for name, content in read_chunks(store_folder)
        ]

    before = has_store("finger")
    first, again = copy_store("finger", chunks()), copy_store("finger", chunks())
    copy = ImageStore.open(node_store("finger"))

    assert (before, first, again, has_store("finger")) == (False, True, False, True)
    assert sorted(fetched) == sorted(FILES)
    assert (copy.pixels == ImageStore.open(store_folder).pixels).all()


def test_task_on_a_node_continues_from_what_the_driver_has(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Checkpoints are sent; paths of the driver are not touched on the node."""
    parent = tmp_path / "r0.npz"
    parent.write_bytes(b"rung 0")
    task = make_task(checkpoint=str(tmp_path / "r1.npz"), parent=str(parent))
    files = TaskFiles(tmp_path / "worker")

    there = files.localise(task, read_inputs(task), "finger")

    assert Path(there.parent or "").read_bytes() == b"rung 0"
    assert not Path(there.checkpoint or "").exists()
    assert there.store == str(node_store("finger"))
    assert there.digest("x") == task.digest("x")


def test_task_on_a_node_inherits_from_what_the_driver_has(
    make_task: Callable[..., Task], small_architecture: Architecture, tmp_path: Path
) -> None:
    """The checkpoint of an ancestor is sent as well, and never sent back."""
    path = tmp_path / "small.npz"
    path.write_bytes(b"small")
    ancestor = Ancestor(
        task_id="small",
        architecture=small_architecture,
        epochs=2,
        checkpoint=str(path),
    )
    task = make_task(ancestor=ancestor)
    files = TaskFiles(tmp_path / "worker")
    there = files.localise(task, read_inputs(task), None)

    assert there.ancestor is not None
    assert there.ancestor.checkpoint != str(path)
    assert Path(there.ancestor.checkpoint).read_bytes() == b"small"
    assert there.digest("x") == task.digest("x")
    assert files.changed(task) == {}


def test_changed_files_are_what_training_wrote_since_the_last_call(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A checkpoint travels back once for each time it is written."""
    task = make_task(checkpoint=str(tmp_path / "r0.npz"))
    files = TaskFiles(tmp_path / "worker")
    there = files.localise(task, {}, None)
    before = files.changed(task)
    path = Path(there.checkpoint or "")
    write_atomically(path, lambda file: file.write(b"epoch 1"))
    first, again = files.changed(task), files.changed(task)
    write_atomically(path, lambda file: file.write(b"epoch 2"))

    assert before == again == {}
    assert first == {task.checkpoint: b"epoch 1"}
    assert files.changed(task) == {task.checkpoint: b"epoch 2"}
    assert there.store == task.store


def test_folder_of_a_killed_worker_is_deleted_by_the_next_one(tmp_path: Path) -> None:
    """Folders do not pile up on a node, and those of workers at work are left alone."""
    program = (
        "import os, signal, sys, tempfile\n"
        "from kedro_nas.training.workers.node_files import WorkerFolder\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "folder = WorkerFolder()\n"
        "(folder.path / 'worker.log').touch()\n"
        "print(folder.path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "node")]
    left = Path(
        subprocess.run(
            command, check=False, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
    )
    was_left = (left / "worker.log").is_file()
    first = WorkerFolder()
    second = WorkerFolder()

    assert was_left
    assert not left.exists()
    assert first.path.is_dir()
    assert second.path.is_dir()
