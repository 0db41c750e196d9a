"""Workers on the nodes of a Ray cluster, which may come and go."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ParameterError
from kedro_nas.files import write_atomically
from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.registry import custom_functions
from kedro_nas.training.outage import outage_of
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.node_files import read_chunks, read_inputs
from kedro_nas.training.workers.ray_actors import ActorFactory
from kedro_nas.training.workers.ray_cluster import connect
from kedro_nas.training.workers.ray_slots import Assignment, Slot
from kedro_nas.training.workers.ray_worker import POLL_S, WorkerReport
from kedro_nas.training.workers.stragglers import Stragglers
from kedro_nas.training.workers.worker_pool import Event

logger = logging.getLogger(__name__)

GATHER_S = 60.0  # after the first worker for the others; then those there are begin
FIRST_S = (
    900.0  # for the first worker, which an autoscaler may have to buy a machine for
)
ALIVE_S = POLL_S + 40.0  # without an answer an actor counts as lost: taken over in 60 s
RETRY_S = 10.0  # until an actor that could not start is started again
MAX_FAILED_STARTS = 3  # of actors, before the first worker, after which a stage ends
_LOOK_S = 2.0  # between two looks at the nodes


class RayPool:
    """Workers on the nodes of a Ray cluster.

    Args:
        options: `params:nas.job`.
        log: File that collects what workers print; its folder is the workspace.

    Raises:
        ParameterError: The cluster cannot be reached, or has no room for a worker.
    """

    def __init__(self, options: JobOptions, log: Path) -> None:
        self._options, self._log = options, log
        self._made_for = _kind(options, log)
        self._is_open = True
        self._cluster = connect(options.ray_address)
        self._ray = self._cluster.ray
        log.parent.mkdir(parents=True, exist_ok=True)
        self._actors = ActorFactory(self._ray, options, log.parent)
        self._slots: list[Slot] = []
        self._stores: dict[str, tuple[str, list[tuple[str, Any]]]] = {}
        self._epochs: dict[str, int] = {}
        self._stragglers = Stragglers(options.straggler_factor)
        self._looked = -_LOOK_S
        self._events: list[Event] = []
        self._failed_starts: list[str] = []
        try:
            self._gather()
        except BaseException:
            self.close()
            raise

    def _gather(self) -> None:
        """Wait for the workers."""
        began = told = time.monotonic()
        first_s = FIRST_S
        while True:
            self._look()
            self._advance(0.2)
            waited = time.monotonic() - began
            first_s = min(first_s, waited) if self.size else FIRST_S
            wanted = min(len(self._slots), self._actors.capacity())
            if self.size and (self.size >= wanted or waited > first_s + GATHER_S):
                return
            if len(self._failed_starts) >= MAX_FAILED_STARTS and not self.size:
                raise ParameterError(
                    "no worker can be started on the Ray cluster",
                    received=self._failed_starts[-1],
                    allowed="nodes on which this version of kedro-nas and the "
                    "project's code can be imported",
                    remedy="Install the same environment on each node; see "
                    "docs/how-to/cluster.md",
                )
            if waited > FIRST_S:
                raise ParameterError(
                    "the Ray cluster has no room for a worker",
                    received=self._actors.describe_room(),
                    allowed=f"{self._actors.needs} free on one node",
                    remedy="Add a node, end other jobs, or lower nas.job.ray_cpus or "
                    "nas.job.ray_gpus",
                )
            if time.monotonic() - told > 10 and not self.size:
                told = time.monotonic()
                logger.warning(
                    "Waiting for a node with %s: the cluster has %s.",
                    self._actors.needs,
                    self._actors.describe_room(),
                )

    # -- the protocol -------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of workers that have started."""
        return sum(slot.is_ready for slot in self._slots)

    def take_over(self, options: JobOptions, log: Path) -> bool:
        """Serve a stage with these options from now on; see `WorkerPool`."""
        return self._is_open and self._made_for == _kind(options, log)

    def free(self) -> list[int]:
        """Return the workers without a task, lowest number first."""
        return [slot.number for slot in self._slots if slot.is_free]

    def teammates(self) -> list[int]:
        """Return the free workers on the driver's machine, else one free worker."""
        free = [slot for slot in self._slots if slot.is_free]
        here = [s.number for s in free if s.place and s.place.shares_machine]
        return here or [slot.number for slot in free[:1]]

    def holds(self, checkpoint: str) -> int | None:
        """Return the worker that has this checkpoint's network in memory, or None."""
        for slot in self._slots:
            if checkpoint in slot.live:
                return slot.number
        return None

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        """Give a task to a free worker; see `WorkerPool`."""
        deadline = None if remaining_s is None else time.monotonic() + remaining_s
        self._epochs.pop(task.task_id, None)
        self._stragglers.started(task, time.monotonic())
        self._assign(self._slots[worker], Assignment(task, deadline))

    def wait(self, timeout_s: float) -> list[Event]:
        """Return the events since the last call, after at most `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        while True:
            self._look()
            self._copy_stragglers()
            self._advance(max(0.0, until - time.monotonic()))
            if self._events or time.monotonic() >= until:
                events, self._events = self._events, []
                return events

    def close(self) -> None:
        """End all workers; running tasks are abandoned."""
        if self._is_open and self._ray.is_initialized():
            for slot in self._slots:
                self._actors.kill(slot)
        self._is_open = False
        self._actors.close()
        self._cluster.disconnect()

    # -- workers come and go ------------------------------------------------------

    def _look(self) -> None:
        """Notice nodes that have gone or come, and workers that do not answer."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        alive = self._actors.alive_nodes()
        for slot in self._slots:
            if slot.place is not None and slot.place.node_id not in alive:
                self._lose(slot, f"its node {slot.place.host} is gone")
            elif slot.state == "training" and now - slot.since > ALIVE_S:
                self._lose(slot, f"no answer for {ALIVE_S:.0f} s")
            elif slot.state == "failed" and now - slot.since > RETRY_S:
                self._lose(slot, "it did not start")
            elif slot.state == "fetching" and (
                now - slot.since > self._options.max_silence_s
            ):
                self._lose(slot, "the images did not reach its node")
        while len(self._slots) < self._actors.wanted():
            self._slots.append(self._actors.start(len(self._slots)))

    def _lose(self, slot: Slot, reason: str) -> None:
        """Replace a worker's actor, and report the task it had."""
        self._actors.kill(slot)
        lost = slot.assignment
        self._slots[slot.number] = self._actors.start(slot.number)
        if lost is None or self._copies(lost.task.task_id):
            return  # the other copy goes on
        self._stragglers.ended(lost.task.task_id, time.monotonic(), counts=False)
        name, begun = lost.task.task_id, lost.begun
        event = Event("lost", slot.number, name, reason=reason, begun=begun)
        self._events.append(event)

    def _copies(self, task_id: str) -> list[Slot]:
        return [
            slot
            for slot in self._slots
            if slot.assignment is not None and slot.assignment.task.task_id == task_id
        ]

    def _copy_stragglers(self) -> None:
        """Start late tasks a second time on workers that have nothing else to do."""
        late = self._stragglers.late(time.monotonic()) if self.free() else []
        for task_id in late:
            free, running = self.free(), self._copies(task_id)
            if not free or len(running) != 1 or running[0].assignment is None:
                continue
            first = running[0].assignment
            if first.task.team is not None:
                continue
            logger.info("%s takes long: a second worker starts it too.", task_id)
            copy = Assignment(first.task, first.deadline, is_copy=True)
            self._assign(self._slots[free[0]], copy)

    # -- tasks --------------------------------------------------------------------

    def _assign(self, slot: Slot, assignment: Assignment) -> None:
        slot.assignment = assignment
        slot.live -= {assignment.task.checkpoint or ""}
        store = assignment.task.store
        assert slot.place is not None
        if slot.place.shares_workspace and Path(store).is_dir():
            self._train(slot)
            return
        fingerprint, chunks = self._put_store(store)
        slot.call(slot.actor.hold_store.remote(fingerprint, chunks), "fetching")

    def _put_store(self, store: str) -> tuple[str, list[tuple[str, Any]]]:
        """Put an image store into the cluster's object store, once.

        The stage before may have used other images under the same path.
        """
        fingerprint = ImageStore.open(store).fingerprint
        if store not in self._stores or self._stores[store][0] != fingerprint:
            chunks = [
                (name, self._ray.put(content))
                for name, content in read_chunks(Path(store))
            ]
            self._stores[store] = fingerprint, chunks
        return self._stores[store]

    def _train(self, slot: Slot) -> None:
        assert slot.assignment is not None
        assert slot.place is not None
        task = slot.assignment.task
        shares = slot.place.shares_workspace
        # two copies of a task must not write the same file
        in_place = shares and not slot.assignment.is_copy
        call = slot.actor.train.remote(
            task.model_dump_json(),
            slot.assignment.remaining_s,
            None if in_place else read_inputs(task),
            None if shares else self._stores[task.store][0],
        )
        slot.call(call, "training")

    def _advance(self, timeout_s: float) -> None:
        """Take the answers that arrive within some seconds."""
        slots = {s.pending: s for s in self._slots if s.pending is not None}
        if not slots:
            time.sleep(min(timeout_s, 0.2))
            return
        refs = list(slots)
        limit = min(timeout_s, _LOOK_S)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=limit)
        if ready:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        for ref in ready:
            slot = slots[ref]
            # an answer before this one may have replaced its worker
            if self._slots[slot.number] is slot:
                self._take(slot, ref)

    def _take(self, slot: Slot, ref: Any) -> None:
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            if slot.state == "starting":
                self._failed_starts.append(_last_line(error))
                logger.warning("A worker did not start: %s", _last_line(error))
                slot.call(None, "failed")
            elif (outage := _outage_on(slot, error)) is not None:
                self._take_end(slot, Event("end", slot.number, "", outcome=outage))
            else:
                self._lose(slot, _first_line(error))
            return
        if slot.state == "starting":
            slot.place = answer
            slot.rest()
        elif slot.state == "fetching":
            self._train(slot)
        else:
            self._take_report(slot, answer)

    def _take_report(self, slot: Slot, report: WorkerReport) -> None:
        assert slot.assignment is not None
        slot.assignment.begun = True
        if report.printed:
            with contextlib.suppress(OSError), self._log.open("ab") as log:
                log.write(report.printed)
        task = slot.assignment.task
        if self._is_news(report, task):
            for path, content in report.files.items():
                write_atomically(Path(path), _writer(content))
        for event in report.events:
            if event.epoch is not None:
                self._take_epoch(slot, task, event)
            else:
                self._take_end(slot, event)
                return
        slot.call(slot.actor.report.remote(), "training")

    def _is_news(self, report: WorkerReport, task: Task) -> bool:
        """Return whether a report is ahead of what another copy has reported."""
        epochs = [e.epoch.epoch for e in report.events if e.epoch is not None]
        known = self._epochs.get(task.task_id, 0)
        return any(e.kind == "end" for e in report.events) or (
            max(epochs, default=0) > known
        )

    def _take_epoch(self, slot: Slot, task: Task, event: Event) -> None:
        name, epoch = task.task_id, event.epoch
        if epoch is not None and epoch.epoch > self._epochs.get(name, 0):
            self._epochs[name] = epoch.epoch
            self._events.append(Event("epoch", slot.number, name, epoch=epoch))

    def _take_end(self, slot: Slot, event: Event) -> None:
        assert slot.assignment is not None
        task = slot.assignment.task
        name = task.task_id
        slot.assignment = None
        slot.rest()
        others = self._copies(name)
        status = event.outcome and event.outcome.status
        if others and (event.kind == "lost" or status == "outage"):
            return
        completed = status == "completed"
        self._stragglers.ended(name, time.monotonic(), counts=completed)
        for other in others:
            other.assignment = None
            self._lose(other, "the other copy of its task was faster")
        self._remember(slot, task, completed=completed)
        self._epochs.pop(name, None)
        self._events.append(replace(event, worker=slot.number, task_id=name))

    def _remember(self, slot: Slot, task: Task, *, completed: bool) -> None:
        for one in self._slots:
            one.live -= {task.parent or "", task.checkpoint or ""}
        if completed and task.checkpoint is not None:
            slot.live.add(task.checkpoint)


def _kind(options: JobOptions, log: Path) -> tuple[Any, ...]:
    """Return what two pools must share to be exchanged for each other."""
    names = (
        *("workers", "threads_per_worker", "max_silence_s", "max_worker_memory_mb"),
        *("ray_address", "ray_cpus", "ray_gpus", "straggler_factor"),
    )
    values = (getattr(options, name) for name in names)
    return (*values, log, tuple(sys.path), custom_functions())


def _writer(content: bytes) -> Callable[[Any], object]:
    return lambda file: file.write(content)


def _outage_on(slot: Slot, error: Any) -> Outcome | None:
    """Return the outcome of a task whose files a node could not write, else None.

    A full disk there is no fault of the network, and no reason to count an attempt.
    """
    outage = outage_of(getattr(error, "cause", None))  # what the actor has raised
    if outage is None or slot.assignment is None or slot.place is None:
        return None
    path = f"{slot.place.host}:{outage.path}"
    return Outcome.of_outage(outage.model_copy(update={"path": path}))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0][:200]}"


def _last_line(error: BaseException) -> str:
    """Return the end of a traceback of another process, which names the cause."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()[:300]


def start_ray_pool(options: JobOptions, log: Path) -> RayPool:
    """Start the pool `ray`; see `make_pool`."""
    return RayPool(options, log)
