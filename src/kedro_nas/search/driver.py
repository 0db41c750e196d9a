"""Runs a search: gets trials from its schedule, assigns them to workers, logs events.

The driver itself trains nothing. Killed at any time, its state is rebuilt from the
ledger, and running trials resume from the checkpoint of their last epoch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from kedro_nas.search.countdown import LONGEST_WAIT_S, Budget
from kedro_nas.search.hopeless import stop_if_all_failed
from kedro_nas.search.ledger import Ledger, LedgerMismatchError
from kedro_nas.search.ledger_lines import (
    BatchHalved,
    EpochTrained,
    TrialCreated,
    TrialEnded,
    TrialPaused,
    TrialStarted,
    WorkerLost,
)
from kedro_nas.search.live_line import Progress
from kedro_nas.search.trial import Trial, created_line, proposal_outcome
from kedro_nas.search.trial_schedule import NextTrial, TrialSchedule
from kedro_nas.training.run import MAX_STARTS
from kedro_nas.training.tasks import OUT_OF_MEMORY, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event, WorkerPool

logger = logging.getLogger(__name__)

STOP_GRACE_S = 20.0  # for workers to end their chunk and report it after the deadline
LEAVE_S = 1.5  # for workers to end their epoch; Ctrl-C is promised to take 5 s in all


class Driver:
    """One search, started anew or resumed from its ledger.

    Args:
        schedule: Decides what is trained next; in its initial state, since the driver
            replays the ledger.
        ledger: Events of the search so far.
        make_task: Returns the task of a trial for a range of epochs.
        checkpoints: Directory of the candidates' states.
        progress: Displays the state of the search.
        objective: Name of the score that is maximised, whose recent slope promotes.
        budget_s: Wall seconds of the search, all sessions together; None for no limit.
        max_attempts: Times a trial is tried when its worker is lost.
        keeps_checkpoints: Whether later networks may inherit the weights of any trial.

    Attributes:
        trials: Those of the brackets in which something is left to do, by name.
        n_trials: Of the search so far.
    """

    def __init__(
        self,
        *,
        schedule: TrialSchedule,
        ledger: Ledger,
        make_task: Callable[[Trial, int, int], Task],
        checkpoints: Path,
        progress: Progress,
        objective: str,
        budget_s: float | None,
        max_attempts: int,
        keeps_checkpoints: bool = False,
    ) -> None:
        self._schedule = schedule
        self._ledger = ledger
        self._make_task = make_task
        self._checkpoints = checkpoints
        self._progress = progress
        self._objective = objective
        self._budget = Budget(budget_s, lambda: ledger.seconds)
        self._max_attempts = max_attempts
        self._keeps_checkpoints = keeps_checkpoints
        self.trials: dict[str, Trial] = {}
        self.n_trials = 0
        self._waiting: list[Trial] = []  # created, not running
        self._running: dict[str, Trial] = {}
        self._starts = 0  # workers lost while starting
        self._has_success = False
        schedule.recent_scores = self.scores_of
        self._replay()

    # -- the loop -----------------------------------------------------------------

    def run(self, pool: WorkerPool) -> str:
        """Search until the schedule, the space or the budget is exhausted.

        Returns:
            What ended it, see `SearchSummary.ended_by`.

        Raises:
            SearchError: Every one of the first trials failed.
            OSError: Storage failed, here or in a worker; the search can be resumed.
        """
        try:
            return self._run(pool)
        except KeyboardInterrupt:
            self._process_until_idle(pool, LEAVE_S, epochs_only=True)
            raise

    def _run(self, pool: WorkerPool) -> str:
        while not self._budget.is_over():
            if not self._budget.has_time_for_trial():
                if not self._running:
                    break
            elif self._assign_trials(pool) and not self._running:
                return self._ended_by()
            for event in pool.wait(self._budget.patience_s()):
                self._process(event)
        self._process_until_idle(pool, STOP_GRACE_S, epochs_only=False)
        self._complete_required(pool)
        return "budget"

    def lacks_required(self) -> bool:
        """Return whether a trial that the budget may not cut is still unfinished."""
        if not self.n_trials and (trial := self._create()) is not None:
            self._waiting.append(trial)
        return bool(self._required())

    def _required(self) -> list[Trial]:
        return [
            trial
            for trial in self.trials.values()
            if trial.outcome is None and self._schedule.is_required(trial.schedule_id)
        ]

    def _complete_required(self, pool: WorkerPool) -> None:
        """Complete the trials required by later stages, even beyond the budget."""
        while self.lacks_required():
            for trial in self._required():
                free = pool.free()
                if trial in self._waiting and free:
                    self._waiting.remove(trial)
                    self._submit(trial, pool, free)
            for event in pool.wait(LONGEST_WAIT_S):
                self._process(event)

    def _assign_trials(self, pool: WorkerPool) -> bool:
        """Assign a trial to each free worker; return whether no trials are left."""
        free = list(pool.free())
        while free:
            trial = self._waiting.pop(0) if self._waiting else self._create()
            if trial is None:
                return bool(self._last_status == "STOPPED")
            if not self._took_over(trial):
                free.remove(self._submit(trial, pool, free))
        return False

    def _create(self) -> Trial | None:
        created = self._schedule.create(f"place-{self.n_trials}")
        self._last_status = created.status
        if created.status != "RUNNING":
            return None
        trial = self._known(created)
        place = self._schedule.place(created.trial_id)
        self._ledger.append(created_line(trial, place, self._epochs(trial)))
        self._discard(self._schedule.eliminated_by(created.trial_id))
        return trial

    def _known(self, created: NextTrial) -> Trial:
        assert created.architecture is not None
        parent = self._schedule.parent(created.trial_id)
        place = self._schedule.place(created.trial_id)
        trial = Trial(
            name=place.name,
            schedule_id=created.trial_id,
            architecture=created.architecture,
            parent=None if parent is None else self._schedule.place(parent).name,
            first_epochs=self._schedule.rung_epochs(place.bracket, 0),
            is_first=not self.n_trials,
            ancestor=created.ancestor,
        )
        if trial.parent:
            trial.follow(self.trials[trial.parent])
        self.trials[trial.name] = trial
        self.n_trials += 1
        return trial

    def _took_over(self, trial: Trial) -> bool:
        """End a trial whose parent stopped early; return whether it did."""
        parent = self.trials[trial.parent].outcome if trial.parent else None
        if parent is None or not parent.early_stopped:
            return False
        self._end(trial, parent.model_copy(update={"seconds": {}}))
        return True

    def _submit(self, trial: Trial, pool: WorkerPool, free: list[int]) -> int:
        """Give a trial to one of the free workers and return its number."""
        held = pool.holds(str(self._checkpoint(trial.parent))) if trial.parent else None
        worker = held if held in free else free[0]
        trial.attempts += 1
        trial.worker = worker
        trial.submitted_at = self._ledger.seconds
        self._running[trial.name] = trial
        self._ledger.append(TrialStarted(trial=trial.name, worker=worker))
        task = self._make_task(trial, *self._epochs(trial))
        is_required = self._schedule.is_required(trial.schedule_id)
        left_s = None if is_required else self._budget.left_s()
        pool.submit(task, worker=worker, remaining_s=left_s)
        self._progress.started(trial.name, self._schedule.place(trial.schedule_id))
        return worker

    # -- events of the workers ------------------------------------------------------

    def _process(self, event: Event) -> None:
        trial = self._running.get(event.task_id)
        if trial is None:
            return
        if event.epoch is not None:
            line = EpochTrained.of(trial.name, event.worker, event.epoch)
            self._ledger.append(line)
            self._progress.epoch(trial.name, event.epoch)
            trial.attempts = 0  # it makes progress; a later loss is not its fault
            return
        del self._running[trial.name]
        if event.outcome is not None and event.outcome.outage is not None:
            raise event.outcome.outage.as_error()  # the trial is resumed later
        if event.outcome is not None and event.outcome.status == "stopped":
            reason = event.outcome.reason
            self._ledger.append(TrialPaused(trial=trial.name, reason=reason))
            trial.attempts -= 1  # ended by the budget, not by a failure
            self._waiting.append(trial)
        elif event.outcome is not None and not self._retry_with_half_batch(
            trial, event.outcome
        ):
            self._end(trial, event.outcome)
        elif event.outcome is not None:
            self._waiting.insert(0, trial)
        elif trial.attempts < self._max_attempts or self._lost_before_start(event):
            self._ledger.append(WorkerLost(trial=trial.name, reason=event.reason))
            self._waiting.insert(0, trial)
        else:
            times = "once" if trial.attempts == 1 else f"{trial.attempts} times"
            reason = f"the worker was lost {times}: {event.reason}"
            self._end(trial, Outcome(status="failed", reason=reason))

    def _lost_before_start(self, event: Event) -> bool:
        """Return whether a worker was lost before its trial had started."""
        if event.begun or self._starts >= MAX_STARTS:
            return False
        self._starts += 1
        return True

    def _retry_with_half_batch(self, trial: Trial, outcome: Outcome) -> bool:
        """Return whether a trial out of memory is retried with half the batch."""
        if outcome.status != "failed":
            return False
        batch = trial.architecture.recipe.batch_size >> trial.halvings
        if not outcome.reason.startswith(OUT_OF_MEMORY) or batch < 2:
            return False
        if trial.attempts >= self._max_attempts:
            return False
        trial.halvings += 1
        self._ledger.append(BatchHalved(trial=trial.name, reason=outcome.reason))
        return True

    def _end(self, trial: Trial, outcome: Outcome) -> None:
        here = trial.worker is not None  # False when the parent's outcome is inherited
        under_way = self._ledger.seconds - trial.submitted_at if here else 0.0
        submitted_s = trial.submitted_at if here else self._ledger.seconds
        self._ledger.append(
            TrialEnded.of(
                trial.name,
                outcome,
                worker=trial.worker,
                submitted_s=round(submitted_s, 3),
                seconds_under_way=round(under_way, 3),
            )
        )
        self._record(trial, outcome)
        place = self._schedule.place(trial.schedule_id)
        self._progress.ended(trial.architecture, outcome, place)
        if trial.parent:
            self._discard([self.trials[trial.parent].schedule_id])
        if place.rung + 1 == self._schedule.n_rungs(place.bracket):
            self._discard([trial.schedule_id])
        if not self._has_success:  # looking at all after each takes quadratic time
            stop_if_all_failed(t.outcome for t in self.trials.values() if t.outcome)
        self._forget_complete()

    def _forget_complete(self) -> None:
        """Forget the trials of complete brackets: their lines are in the ledger."""
        # before the first success the reasons of all failures are wanted
        if not self._has_success:
            return
        for name in self._schedule.forget_complete():
            del self.trials[name]

    def _record(self, trial: Trial, outcome: Outcome) -> None:
        trial.outcome = outcome
        self._has_success |= outcome.status == "completed"
        spent = outcome.seconds
        self._budget.note_build(spent.get("build", 0.0) + spent.get("trace", 0.0))
        score = outcome.score if outcome.status == "completed" else None
        self._schedule.end(trial.schedule_id, score=score, reason=outcome.reason)
        told = proposal_outcome(
            trial,
            outcome,
            rung=self._schedule.place(trial.schedule_id).rung,
            epochs=self._epochs(trial)[1],
            objective=self._objective,
        )
        self._schedule.tell(trial.schedule_id, told)

    # -- the end ---------------------------------------------------------------------

    def _process_until_idle(
        self, pool: WorkerPool, seconds: float, *, epochs_only: bool
    ) -> None:
        """Process events until the running trials, or only their epochs, have ended."""
        awaited = set(self._running)
        until = time.monotonic() + seconds
        while awaited and time.monotonic() < until:
            for event in pool.wait(0.1):
                self._process(event)
                if epochs_only or event.kind != "epoch":
                    awaited.discard(event.task_id)

    def _ended_by(self) -> str:
        return self._schedule.proposals_ended_by() or "schedule"

    # -- state -----------------------------------------------------------------------

    def _replay(self) -> None:
        """Rebuild the schedule from the ledger; unfinished trials wait for a worker."""
        self._last_status = "RUNNING"
        for line in self._ledger.replay():
            if isinstance(line, BatchHalved):
                self._under_way(line).halvings += 1
            elif isinstance(line, TrialCreated):
                self._create_again(line)
            elif isinstance(line, TrialEnded):
                self._record(self._under_way(line), line.outcome)
                self._forget_complete()
        self._waiting = [t for t in self.trials.values() if t.outcome is None]

    def _create_again(self, line: TrialCreated) -> None:
        created = self._schedule.create(
            f"place-{self.n_trials}",
            recorded=None if line.rung else line.architecture,
            is_promotion=line.rung > 0,
        )
        expected = "no more trials within the limits"
        if created.status == "RUNNING":
            trial = self._known(created)
            place = self._schedule.place(created.trial_id)
            again = created_line(trial, place, self._epochs(trial))
            expected = f"{again.trial} ({again.key}{_grown(again)})"
        received = f"{line.trial} ({line.key}{_grown(line)})"
        if received != expected:
            raise LedgerMismatchError(f"trial {received}", expected)

    def _under_way(self, line: BatchHalved | TrialEnded) -> Trial:
        trial = self.trials.get(line.trial)
        if trial is None or trial.outcome is not None:
            received = f"trial {line.trial} {line.event} at {line.t} s"
            raise LedgerMismatchError(received, "each trial begun once and ended once")
        return trial

    def scores_of(self, schedule_id: str) -> list[float]:
        """Return the scores by epoch of a trial, over all its rungs."""
        name = self._schedule.place(schedule_id).name
        outcome = self.trials[name].outcome
        if outcome is None:
            return []
        values = [epoch.objective(self._objective) for epoch in outcome.history]
        return [value for value in values if value is not None]

    def _epochs(self, trial: Trial) -> tuple[int, int]:
        place = self._schedule.place(trial.schedule_id)
        start = (
            self._schedule.rung_epochs(place.bracket, place.rung - 1)
            if place.rung
            else 0
        )
        return start, self._schedule.rung_epochs(place.bracket, place.rung)

    def _checkpoint(self, name: str) -> Path:
        return self._checkpoints / f"{name}.npz"

    def _discard(self, schedule_ids: list[str]) -> None:
        """Delete checkpoints that no trial will resume or inherit from."""
        if self._keeps_checkpoints:
            return
        for schedule_id in schedule_ids:
            name = self._schedule.place(schedule_id).name
            self._checkpoint(name).unlink(missing_ok=True)


def _grown(line: TrialCreated) -> str:
    """Return what a trial was grown from, for an error; empty for fresh weights."""
    return f", grown from {line.ancestor}" if line.ancestor else ""
