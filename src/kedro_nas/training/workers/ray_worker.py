"""The part of the pool `ray` that runs on a node: one actor, one worker process.

The actor holds a local pool of one worker, so training, its memory limit, its silence
limit and its loss are those of a single machine. It adds the files of the node.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.local import LocalPool
from kedro_nas.training.workers.node_files import (
    Mark,
    TaskFiles,
    WorkerFolder,
    copy_store,
    has_store,
)
from kedro_nas.training.workers.worker_pool import Event

POLL_S = 5.0  # a worker answers at least so often, with events or without
_MAX_PRINTED = 64 * 2**10  # bytes of a worker's output that travel with one report


@dataclass(frozen=True)
class WorkerSetup:
    """What an actor needs to start its worker process.

    Attributes:
        threads: Intra-op threads.
        uses_gpu: Whether Ray has reserved a GPU for it, or a part of one.
        max_silence_s: See `JobOptions`.
        max_memory_mb: See `JobOptions`.
    """

    threads: int
    uses_gpu: bool
    max_silence_s: float
    max_memory_mb: float


@dataclass(frozen=True)
class WorkerPlace:
    """Where an actor runs.

    Attributes:
        host: Name of the machine.
        node_id: Id of the node in the cluster.
        process_ids: Of the actor and of its worker.
        shares_workspace: Whether it reads and writes the driver's workspace.
        shares_machine: Whether it sees the driver's temporary files.
    """

    host: str
    node_id: str
    process_ids: tuple[int, int]
    shares_workspace: bool
    shares_machine: bool


@dataclass(frozen=True)
class WorkerReport:
    """What an actor returns to the driver.

    Attributes:
        events: Of its worker, as from a pool of one.
        files: What training has written, by the driver's path; empty where the driver
            sees the files itself.
        printed: What the worker has printed since the last report.
    """

    events: list[Event]
    files: dict[str, bytes] = field(default_factory=dict)
    printed: bytes = b""


class RayWorker:
    """One worker process on a node.

    Args:
        setup: How to start it.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        if not setup.uses_gpu:
            # Ray leaves all GPUs visible to an actor that has reserved none
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        folder = WorkerFolder().path
        self._log = folder / "worker.log"
        self._read_to = 0
        self._pool = LocalPool(
            workers=1,
            threads=setup.threads,
            log=self._log,
            max_silence_s=setup.max_silence_s,
            max_memory_mb=setup.max_memory_mb,
        )
        self._files = TaskFiles(folder / "files")
        self._task: Task | None = None
        self._in_place = True

    def describe(self, workspace: Mark, machine: Mark) -> WorkerPlace:
        """Return where the actor runs and what it shares with the driver.

        Args:
            workspace: A mark in the workspace.
            machine: A mark among the driver's temporary files.
        """
        import ray

        return WorkerPlace(
            host=socket.gethostname(),
            node_id=ray.get_runtime_context().get_node_id(),
            process_ids=(os.getpid(), self._pool.process_ids()[0]),
            shares_workspace=workspace.is_seen(),
            shares_machine=machine.is_seen(),
        )

    def hold_store(self, fingerprint: str, chunks: Sequence[tuple[str, Any]]) -> bool:
        """Make sure that this node has a copy of an image store.

        Args:
            fingerprint: Of the store.
            chunks: File name and object reference of its pieces, which travel to the
                node only if it has no copy yet.

        Returns:
            Whether they have travelled.
        """
        import ray

        if has_store(fingerprint):
            return False
        fetches = [(name, lambda ref=ref: ray.get(ref)) for name, ref in chunks]
        return copy_store(fingerprint, fetches)

    def train(
        self,
        task_json: str,
        remaining_s: float | None,
        contents: dict[str, bytes] | None,
        fingerprint: str | None,
    ) -> WorkerReport:
        """Start a task; `report` returns its events.

        Args:
            task_json: The task, with the driver's paths.
            remaining_s: Wall seconds left to it; None for no limit.
            contents: Files that it continues from; None where the driver's paths are
                used in place.
            fingerprint: Of the store if this node's copy is used, else None.
        """
        task = Task.model_validate_json(task_json)
        self._task, self._in_place = task, contents is None
        if contents is not None:
            task = self._files.localise(task, contents, fingerprint)
        self._pool.submit(task, worker=0, remaining_s=remaining_s)
        return WorkerReport([])

    def report(self) -> WorkerReport:
        """Return the next events of the task, after at most `POLL_S` seconds."""
        events = self._pool.wait(POLL_S)
        files: dict[str, bytes] = {}
        if events and self._task is not None and not self._in_place:
            files = self._files.changed(self._task)
        return WorkerReport(events, files, self._printed())

    def _printed(self) -> bytes:
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            printed = file.read(_MAX_PRINTED)
        self._read_to += len(printed)
        return printed
