"""Trains the winner, and if affordable the baseline, on all but the test rows."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import TrainingError
from kedro_nas.export.long_fit import LongFit, fit_for_seconds, keep_seconds
from kedro_nas.files import name_of
from kedro_nas.models.averaged_predictions import average_predictions, count_copies
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.export import FinalFit
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.survey import seconds_per_epoch
from kedro_nas.training.conditions import Conditions
from kedro_nas.training.execution import execution_here
from kedro_nas.training.run import run_tasks_of_stage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.work_clock import WorkClock
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)

# share of the winner's seconds above which a baseline is not worth its time
MAX_BASELINE_RATIO = 0.5
LEAST_S = 1.0  # minimum for a final training if earlier stages used up the budget


@dataclass(frozen=True)
class FinalModels:
    """The results of the final training.

    Attributes:
        winner: The Keras model: raw pixels in, probabilities out.
        baseline: The baseline's model; the winner's if there is none.
        record: How they were trained.
    """

    winner: Any
    baseline: Any
    record: FinalFit


@dataclass(frozen=True)
class _Fits:
    """Tasks of the final training."""

    winner: list[Task]
    baseline: Task | None
    names: str
    averages: bool

    @property
    def all(self) -> list[Task]:
        """All tasks, required ones first, optional ones last."""
        others = [] if self.baseline is None else [self.baseline]
        return [self.winner[0], *others, *self.winner[1:]]


@one_writer
def fit_final_models(
    store: ImageStore,
    profile: DatasetProfile,
    choice: Choice,
    workspace: Path,
    options: ExportOptions,
    job: JobOptions,
    seed: int,
) -> FinalModels:
    """Train the winner for the remaining budget, or for a number of epochs.

    With seconds to fill, all workers train the winner together; the baseline is
    trained after it, for as many epochs, where a cross-validation was affordable and
    it costs at most half as much. Without a limit in seconds both are trained in
    parallel.

    Args:
        store: Images; train and validation rows are trained on.
        profile: Of the images.
        choice: The winner, and what is left of the job's budget.
        workspace: Checkpoints and models are kept under `final/`; a training that was
            killed is resumed, and its seconds count over all sessions.
        options: `params:nas.export`; of several `seeds` the model with the lowest
            training loss is used, since no rows are left to validate on.
        job: `params:nas.job`.
        seed: The root seed.

    Raises:
        TrainingError: The winner could not be trained.
        SearchSpaceError: A custom block has changed since the search.
    """
    began = time.monotonic()
    folder = workspace / "final"
    fits = _plan(store, profile, choice, folder, options, job, seed)
    clock = WorkClock.resume(folder / f"clock-{fits.names}.txt", began=began)
    seconds = _seconds(options, choice.budget)
    if seconds is None or options.epochs is not None:
        return _fit_epochs(store, fits, folder, job, choice, seconds, clock)
    path = folder / f"seconds-{fits.names}.json"
    seconds = keep_seconds(path, max(LEAST_S, seconds))
    return _fit_seconds(store, fits, folder, job, choice, seconds, clock)


def _seconds(options: ExportOptions, budget: JobBudget) -> float | None:
    """Return the wall seconds of the final training; None for no limit."""
    wanted = None if options.budget_s == "auto" else options.budget_s
    limits = [limit for limit in (wanted, budget.left_s) if limit is not None]
    return min(limits, default=None)


def _plan(
    store: ImageStore,
    profile: DatasetProfile,
    choice: Choice,
    folder: Path,
    options: ExportOptions,
    job: JobOptions,
    seed: int,
) -> _Fits:
    baseline = None
    if choice.baseline is not None and not choice.is_baseline:
        baseline = choice.baseline.architecture
    for one in (choice.architecture, baseline or choice.architecture):
        register_blocks_of(one)
    epochs = options.epochs or round(options.epochs_factor * choice.full_epochs)
    execution = execution_here(choice.execution, job)
    conditions = Conditions(store, profile.verdict, job, execution)

    def task(architecture: Architecture, number: int) -> Task:
        one = conditions.task(
            f"{architecture.key}-{number}",
            architecture,
            rows="dev",
            epochs=epochs,
            seed=derive_seed(seed, "final", number),
        )
        return one.with_files(folder, store.fingerprint)

    winner = [task(choice.architecture, number) for number in range(options.seeds)]
    other = None if baseline is None else task(baseline, 0)
    all_tasks = [*winner, *([] if other is None else [other])]
    name = name_of([one.digest(store.fingerprint) for one in all_tasks])
    return _Fits(winner, other, name, _averages(options, choice))


def _fit_seconds(
    store: ImageStore,
    fits: _Fits,
    folder: Path,
    job: JobOptions,
    choice: Choice,
    seconds: float,
    clock: WorkClock,
) -> FinalModels:
    """Train the winner for its seconds, then the baseline where that is affordable."""
    reason = _why_no_baseline(fits, choice)
    each_s = seconds / (len(fits.winner) + (0.0 if reason else _ratio(fits)))
    done = []
    for number, task in enumerate(fits.winner, start=1):
        done.append(
            fit_for_seconds(
                store, task, folder, job, seconds=number * each_s, clock=clock
            )
        )
    best = _best([(fit.task, fit.outcome) for fit in done])
    winner = next(fit for fit in done if fit.task is best)
    other: LongFit | None = None
    if not reason and fits.baseline is not None:
        other = fit_for_seconds(
            store, fits.baseline, folder, job, seconds=seconds, clock=clock
        )
        if other.outcome.status != "completed":
            reason, other = other.outcome.reason, None
            logger.warning("The baseline's final training failed: %s", reason)
    for fit in (*done, *([] if other is None else [other])):
        Path(fit.task.checkpoint or "").unlink(missing_ok=True)
    _warn_of_few_epochs(len(winner.outcome.history), choice)
    model = _load(winner.task, fits)
    return FinalModels(
        model,
        model if other is None else _load(other.task, fits),
        FinalFit(
            key=winner.task.architecture.key,
            epochs=len(winner.outcome.history),
            train_loss=tuple(e.train_loss for e in winner.outcome.history),
            seeds=tuple(task.seed for task in fits.winner),
            members=winner.members,
            copies=count_copies(**_views(winner.task, fits)),
            has_baseline=other is not None,
            baseline_reason=reason,
            baseline_epochs=0 if other is None else len(other.outcome.history),
            baseline_seconds=0.0 if other is None else _spent(other.outcome),
            winner_seconds=_spent(winner.outcome),
            seconds=clock.seconds,
        ),
    )


def _warn_of_few_epochs(trained: int, choice: Choice) -> None:
    """Warn of a final training shorter than the one its network was chosen by."""
    if trained < choice.plan.epochs:
        logger.warning(
            "The seconds left were enough for %d of the %d epochs after which the "
            "network was chosen: the model may be far worse than its score. Raise "
            "nas.budget_s.",
            trained,
            choice.plan.epochs,
        )


def _why_no_baseline(fits: _Fits, choice: Choice) -> str:
    """Return why the baseline is not trained, '' if it is."""
    if fits.baseline is None:
        return _why_no_task(choice)
    if choice.plan.scored_on == "validation":
        compared = choice.against_baseline
        if compared is None or compared.difference is None:
            return "the seconds went to the winner"
        return (
            "the seconds went to the winner; the two were compared on validation images"
        )
    if _ratio(fits) > MAX_BASELINE_RATIO:
        return "its training would take more than half of the winner's seconds"
    return ""


def _why_no_task(choice: Choice) -> str:
    """Return why there is no task for the baseline."""
    return "the baseline itself was chosen" if choice.is_baseline else "not wanted"


def _ratio(fits: _Fits) -> float:
    """Return the estimated cost of a baseline epoch relative to the winner's."""
    if fits.baseline is None:
        return 0.0
    winner = seconds_per_epoch(fits.winner[0].architecture, 1)
    return seconds_per_epoch(fits.baseline.architecture, 1) / winner


def _spent(outcome: Outcome) -> float:
    return sum(outcome.seconds.values())


def _fit_epochs(
    store: ImageStore,
    fits: _Fits,
    folder: Path,
    job: JobOptions,
    choice: Choice,
    limit_s: float | None,
    clock: WorkClock,
) -> FinalModels:
    """Train winner and baseline in parallel for a number of epochs."""
    tasks = fits.all
    ran = run_tasks_of_stage(
        store,
        tasks,
        job,
        folder / "fits.jsonl",
        clock,
        TrainingError,
        limit_s=limit_s,
        on_event=_warn_of_cut,
    )
    outcomes = ran.outcomes
    best = _best([(task, outcomes[task.task_id]) for task in fits.winner])
    reason, other = _why_no_task(choice), best
    if fits.baseline is not None:
        reason = _failure(outcomes[fits.baseline.task_id])
        other = best if reason else fits.baseline
    _remove_checkpoints([*tasks, *ran.tasks.values()], outcomes)
    outcome = outcomes[best.task_id]
    has_baseline = other is not best
    return FinalModels(
        _load(ran.tasks[best.task_id], fits),
        _load(ran.tasks[other.task_id], fits),
        FinalFit(
            key=ran.tasks[best.task_id].architecture.key,
            epochs=len(outcome.history),
            train_loss=tuple(e.train_loss for e in outcome.history),
            seeds=tuple(fit.seed for fit in fits.winner),
            copies=count_copies(**_views(ran.tasks[best.task_id], fits)),
            has_baseline=has_baseline,
            baseline_reason="" if has_baseline else reason,
            baseline_epochs=len(outcomes[other.task_id].history) * has_baseline,
            baseline_seconds=_spent(outcomes[other.task_id]) * has_baseline,
            winner_seconds=_spent(outcome),
            seconds=clock.seconds,
        ),
    )


def _warn_of_cut(task: Task, epoch: Epoch | None, outcome: Outcome | None) -> None:
    if outcome and outcome.status == "completed" and outcome.reason:
        logger.warning("Final fit of %s: %s.", task.task_id, outcome.reason)


def _remove_checkpoints(tasks: list[Task], outcomes: dict[str, Outcome]) -> None:
    """Delete the checkpoints of fits that are completed.

    A fit cut by the deadline keeps its checkpoint and can be resumed with more time.
    """
    for task in tasks:
        outcome = outcomes[task.task_id]
        if outcome.status != "completed" or not outcome.reason:
            Path(task.checkpoint or "").unlink(missing_ok=True)


def _failure(outcome: Outcome) -> str:
    """Return why the baseline's training failed, '' if it did not."""
    if outcome.status != "failed":
        return ""
    logger.warning("The baseline's final training failed: %s", outcome.reason)
    return outcome.reason


def _best(fits: list[tuple[Task, Outcome]]) -> Task:
    """Return the task with the lowest last training loss."""
    done = [(task, outcome) for task, outcome in fits if outcome.status == "completed"]
    if not done:
        raise TrainingError(
            "the winner could not be trained on all development images",
            received=fits[0][1].reason,
            allowed="one completed fit",
            remedy="Mend the cause and run the export stage again",
        )
    return min(done, key=lambda fit: fit[1].history[-1].train_loss)[0]


def _averages(options: ExportOptions, choice: Choice) -> bool:
    """Return whether to average predictions: if asked, and within the latency bound."""
    if options.averaging != "auto":
        return False
    if choice.latency is None:
        return True
    copies = count_copies(**_views_in_training(choice.architecture))
    return choice.latency.allows(choice.key, copies)


def _views_in_training(architecture: Architecture) -> dict[str, bool]:
    words = architecture.recipe.augmentation.split("+")
    return {"shifts": words[0] not in ("none", "flip"), "flips": "flip" in words}


def _views(task: Task, fits: _Fits) -> dict[str, bool]:
    """Return the views of an image to average over: those seen in training."""
    views = _views_in_training(task.architecture)
    return {name: fits.averages and seen for name, seen in views.items()}


def _load(task: Task, fits: _Fits) -> Any:
    """Load a trained model, with averaging over views of an image if enabled."""
    import keras

    from kedro_nas.training.workers.process import register_blocks

    register_blocks(dict(task.architecture.custom_blocks))
    model = keras.models.load_model(task.model_file, compile=False)
    return average_predictions(model, **_views(task, fits))
