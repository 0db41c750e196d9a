"""Starts and ends the actors of the pool `ray`, as many as the cluster has room for."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers.node_files import Mark
from kedro_nas.training.workers.ray_slots import Slot
from kedro_nas.training.workers.ray_worker import RayWorker, WorkerSetup


class ActorFactory:
    """Starts actors with the resources of the options.

    Args:
        ray: The module, connected to a cluster.
        options: `params:nas.job`.
        workspace: The driver's folder, which nodes may share.
    """

    def __init__(self, ray: Any, options: JobOptions, workspace: Path) -> None:
        self._ray = ray
        self._workers = options.workers
        auto = options.ray_cpus == "auto"
        self._cpus = options.threads_per_worker if auto else float(options.ray_cpus)
        self._gpus = options.ray_gpus
        self._setup = WorkerSetup(
            threads=options.threads_per_worker,
            uses_gpu=options.ray_gpus > 0,
            max_silence_s=options.max_silence_s,
            max_memory_mb=options.max_worker_memory_mb,
        )
        self._marks = [
            Mark.write(workspace.resolve()),
            Mark.write(Path(tempfile.gettempdir())),
        ]
        self._actor = ray.remote(
            num_cpus=self._cpus,
            num_gpus=self._gpus,
            max_restarts=0,  # the pool does it, since it must know of each loss
            scheduling_strategy="SPREAD",
        )(RayWorker)

    @property
    def needs(self) -> str:
        """The resources of one worker, in words."""
        return f"{self._cpus:g} CPU" + (f" and {self._gpus:g} GPU" * bool(self._gpus))

    def start(self, number: int) -> Slot:
        """Start an actor; it waits in the cluster until a node has room for it."""
        actor = self._actor.remote(self._setup)
        place = actor.describe.remote(*self._marks)
        return Slot(number, actor, place, time.monotonic())

    def kill(self, slot: Slot) -> None:
        """End an actor and its worker process."""
        with contextlib.suppress(Exception):  # it may be dead already
            self._ray.kill(slot.actor)

    def alive_nodes(self) -> set[str]:
        """Return the ids of the nodes that are alive."""
        return {node["NodeID"] for node in self._nodes()}

    def capacity(self) -> int:
        """Return how many workers the nodes that are alive have room for."""
        return sum(self._room(node["Resources"]) for node in self._nodes())

    def wanted(self) -> int:
        """Return how many actors there should be, waiting ones included."""
        return self.capacity() if self._workers == "auto" else self._workers

    def describe_room(self) -> str:
        """Return the resources of the nodes that are alive, in words."""
        rooms = [
            f"{node['NodeManagerHostname']}: {node['Resources'].get('CPU', 0):g} CPU, "
            f"{node['Resources'].get('GPU', 0):g} GPU"
            for node in self._nodes()
        ]
        return "; ".join(rooms) or "no node"

    def _nodes(self) -> list[Any]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _room(self, resources: Mapping[str, float]) -> int:
        rooms = [resources.get("CPU", 0.0) / self._cpus]
        if self._gpus:
            rooms.append(resources.get("GPU", 0.0) / self._gpus)
        return int(min(rooms) + 1e-6)  # ten times 0.1 add up to less than 1

    def close(self) -> None:
        """Delete the marks by which nodes recognise the driver's disk."""
        for mark in self._marks:
            mark.remove()
