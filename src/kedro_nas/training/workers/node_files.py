"""The files of a task on a node: in place where its disk is shared, else copied.

Nothing has to be configured: a node that can read a file which the driver has just
written to the workspace works there. Any other node keeps one copy of the image store,
and exchanges checkpoints and models with the driver as bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro_nas.data.store import FILES
from kedro_nas.files import write_atomically
from kedro_nas.training.tasks import Task

CHUNK_BYTES = 32 * 2**20  # of an image store, in the object store of the cluster
_IN_USE = "in-use.lock"


@dataclass(frozen=True)
class Mark:
    """A file that shows who sees the driver's disk.

    Attributes:
        path: The file.
        content: What the driver wrote.
    """

    path: str
    content: str

    @classmethod
    def write(cls, folder: Path) -> Mark:
        """Write a new mark into a folder."""
        content = hashlib.sha256(os.urandom(16)).hexdigest()
        path = folder / f".seen-by-{content[:12]}"
        write_atomically(path, lambda file: file.write(content.encode()))
        return cls(str(path), content)

    def is_seen(self) -> bool:
        """Return whether this process reads what the driver wrote."""
        try:
            return Path(self.path).read_text() == self.content
        except OSError:
            return False

    def remove(self) -> None:
        """Delete the file."""
        Path(self.path).unlink(missing_ok=True)


def read_chunks(store: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an image store in pieces: name, content."""
    for name in FILES:
        with (store / name).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield name, chunk


def node_store(fingerprint: str) -> Path:
    """Return where this node keeps its copy of an image store."""
    name = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    return _node_folder() / "stores" / name


def _node_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"kedro-nas-{os.getuid()}"


def has_store(fingerprint: str) -> bool:
    """Return whether this node has a complete copy of an image store."""
    return node_store(fingerprint).is_dir()


def copy_store(
    fingerprint: str, chunks: Iterable[tuple[str, Callable[[], bytes]]]
) -> bool:
    """Write this node's copy of an image store, unless another worker has written it.

    Args:
        fingerprint: Of the store.
        chunks: File name and a function that fetches the content, in order.

    Returns:
        Whether it was written here.
    """
    target = node_store(fingerprint)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return False
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for name, fetch in chunks:
            with (partial / name).open("ab") as file:
                file.write(fetch())
        partial.rename(target)
    return True


class WorkerFolder:
    """A temporary folder of one worker on this node.

    Ray kills an actor without giving it time to delete anything. So each new worker
    deletes the folders of those that have ended: the lock on a file in a folder
    (`flock`) ends with its process.

    Attributes:
        path: The folder, which exists.
    """

    def __init__(self) -> None:
        folders = _node_folder() / "workers"
        folders.mkdir(parents=True, exist_ok=True)
        with folders.with_suffix(".lock").open("w") as lock:
            # no other worker looks between the making of a folder and its lock
            fcntl.flock(lock, fcntl.LOCK_EX)
            for folder in folders.iterdir():
                _delete_unused(folder)
            self.path = Path(tempfile.mkdtemp(dir=folders))
            # stays open until this process ends
            held = os.open(self.path / _IN_USE, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX)


def _delete_unused(folder: Path) -> None:
    # an error means that its worker is at work, or that the folder is gone
    with contextlib.suppress(OSError), (folder / _IN_USE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


class TaskFiles:
    """The copies of one task's files on a node.

    Args:
        folder: A folder of this worker alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent: dict[str, tuple[int, int]] = {}

    def localise(
        self, task: Task, contents: dict[str, bytes], fingerprint: str | None
    ) -> Task:
        """Return the task with paths on this node; earlier copies are deleted.

        Args:
            task: With the driver's paths.
            contents: By driver's path, what the driver has of them.
            fingerprint: Of the store if its copy is to be used, None if the driver's
                path can be read here.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._sent = {}
        for path, content in contents.items():
            here = self.here(path)
            here.write_bytes(content)
            self._sent[path] = _version(here)
        update: dict[str, Any] = {
            name: None if path is None else str(self.here(path))
            for name, path in _paths(task).items()
        }
        if task.ancestor is not None:
            inherited = str(self.here(task.ancestor.checkpoint))
            update["ancestor"] = task.ancestor.model_copy(
                update={"checkpoint": inherited}
            )
        if fingerprint is not None:
            update["store"] = str(node_store(fingerprint))
        return task.model_copy(update=update)

    def here(self, path: str) -> Path:
        """Return this node's copy of one of the driver's paths."""
        name = hashlib.sha256(path.encode()).hexdigest()[:16]
        return self._folder / f"{name}{Path(path).suffix}"

    def changed(self, task: Task) -> dict[str, bytes]:
        """Return what training has written since the last call, by driver's path.

        Args:
            task: With the driver's paths.
        """
        found = {}
        for name, path in _paths(task).items():
            if path is None or name == "parent":
                continue
            here = self.here(path)
            if here.is_file() and _version(here) != self._sent.get(path):
                self._sent[path] = _version(here)
                found[path] = here.read_bytes()
        return found


def read_inputs(task: Task) -> dict[str, bytes]:
    """Return the driver's files that a task may continue from, by path."""
    found = {}
    inherited = None if task.ancestor is None else task.ancestor.checkpoint
    for path in (task.checkpoint, task.parent, inherited):
        if path is not None and Path(path).is_file():
            found[path] = Path(path).read_bytes()
    return found


def _paths(task: Task) -> dict[str, str | None]:
    return {
        "checkpoint": task.checkpoint,
        "parent": task.parent,
        "model_file": task.model_file,
    }


def _version(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
