"""Trains the winner, and the baseline beside it, on everything but the test rows."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from kedro_nas.accounting.job_budget import final_limit_s
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import TrainingError
from kedro_nas.files import name_of
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.execution import execution_here
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.run import TaskResults, run_tasks
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.work_clock import WorkClock
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)


@one_writer
def fit_final_models(
    store: ImageStore,
    profile: dict[str, Any],
    best_architecture: dict[str, Any],
    workspace: Path,
    search: SearchOptions,
    ranking: RankingOptions,
    seed: int,
) -> tuple[Any, Any, dict[str, Any]]:
    """Fit the winner and the baseline side by side.

    Args:
        store: Images; train and validation rows are trained on.
        profile: `nas.dataset_profile`.
        best_architecture: `nas.best_architecture`; its `epochs` are trained, fewer
            where its `final_left_s`, or `final_budget_s` of `ranking`, ends before.
            Both count the seconds of all sessions.
        workspace: Checkpoints and models are kept under `final/`.
        search: `params:nas.search`, for the workers.
        ranking: `params:nas.ranking`; of several `seeds` the fit with the lowest
            training loss is taken, since no row is left to choose by.
        seed: The root seed.

    Returns:
        The winner's model, the baseline's (the winner's own when there is none), and a
        record: epochs, seconds, training losses, why the baseline has no model.

    Raises:
        TrainingError: The winner could not be fitted.
        SearchSpaceError: A user's block has changed since the search.
    """
    began = time.monotonic()
    folder = workspace / "final"
    winner = Architecture.from_dict(best_architecture["architecture"])
    baseline = _baseline(best_architecture)
    for one in (winner, baseline or winner):
        register_blocks_of(one)
    execution = execution_here(best_architecture.get("execution"))

    def task(architecture: Architecture, number: int) -> Task:
        verdict = profile["verdict"]
        return Task(
            task_id=f"{architecture.key}-{number}",
            architecture=architecture,
            store=str(store.path),
            rows="dev",
            epochs=best_architecture["epochs"],
            schedule_epochs=best_architecture["epochs"],
            seed=derive_seed(seed, "final", number),
            bn_momentum=verdict["bn_momentum"],
            class_weights=verdict["class_weights"],
            max_resident_mb=search.max_resident_mb,
            execution=execution,
            threads=search.threads_per_worker,
        ).with_files(folder, store.fingerprint)

    fits = [task(winner, number) for number in range(ranking.seeds)]
    others = [] if baseline is None else [task(baseline, 0)]
    tasks = [fits[0], *others, *fits[1:]]  # what is needed before what may be left out
    name = name_of([task.digest(store.fingerprint) for task in tasks])
    clock = WorkClock.resume(folder / f"clock-{name}.txt", began=began)
    deadline = clock.deadline(final_limit_s(best_architecture, ranking))
    ran = _run(store, tasks, folder, search, deadline, clock)
    outcomes = ran.outcomes
    best = _best(fits, outcomes)
    reason = _failure(others, outcomes)
    other = others[0] if others and not reason else best
    _remove_checkpoints([*tasks, *ran.tasks.values()], outcomes)
    models = _load(ran.tasks[best.task_id]), _load(ran.tasks[other.task_id])
    record = {
        "key": ran.tasks[best.task_id].architecture.key,
        "epochs": len(outcomes[best.task_id].history),
        "train_loss": [e.train_loss for e in outcomes[best.task_id].history],
        "seeds": [fit.seed for fit in fits],
        "has_baseline": other is not best,
        "baseline_reason": reason,
        "baseline_seconds": sum(outcomes[other.task_id].seconds.values()),
        "winner_seconds": sum(outcomes[best.task_id].seconds.values()),
        "seconds": clock.seconds,
    }
    return *models, record


def _baseline(best_architecture: dict[str, Any]) -> Architecture | None:
    known = best_architecture.get("baseline")
    if best_architecture["is_baseline"] or not known:
        return None
    return Architecture.from_dict(known["architecture"])


def _run(
    store: ImageStore,
    tasks: list[Task],
    folder: Path,
    search: SearchOptions,
    deadline: float | None,
    clock: WorkClock,
) -> TaskResults:
    def on_event(task: Task, epoch: Epoch | None, outcome: Outcome | None) -> None:
        if outcome and outcome.status == "completed" and outcome.reason:
            logger.warning("Final fit of %s: %s.", task.task_id, outcome.reason)

    log = folder.parent / "workers.log"
    with (
        outages_explained(TrainingError, folder),
        clock.ticking(),
        lease_pool(search, log) as pool,
    ):
        ran = run_tasks(
            pool,
            tasks,
            journal=folder / "fits.jsonl",
            fingerprint=store.fingerprint,
            max_attempts=search.max_attempts,
            on_event=on_event,
            deadline=deadline,
            clock=clock,
        )
    if not ran.has_begun:
        clock.leave_out_session()
    return ran


def _remove_checkpoints(tasks: list[Task], outcomes: dict[str, Outcome]) -> None:
    """Delete the states of fits that have ended.

    A fit the deadline cut keeps its own, and goes on from there with more time.
    """
    for task in tasks:
        outcome = outcomes[task.task_id]
        if outcome.status != "completed" or not outcome.reason:
            Path(task.checkpoint or "").unlink(missing_ok=True)


def _failure(others: list[Task], outcomes: dict[str, Outcome]) -> str:
    """Return why the baseline's fit failed, '' when it did not."""
    failed = [o for o in (outcomes[t.task_id] for t in others) if o.status == "failed"]
    for outcome in failed:
        logger.warning("The baseline's final fit failed: %s", outcome.reason)
    return failed[0].reason if failed else ""


def _best(fits: list[Task], outcomes: dict[str, Outcome]) -> Task:
    done = [fit for fit in fits if outcomes[fit.task_id].status == "completed"]
    if not done:
        raise TrainingError(
            "the winner could not be trained on all development images",
            received=outcomes[fits[0].task_id].reason,
            allowed="one completed fit",
            remedy="Mend the cause and run the export stage again",
        )
    return min(done, key=lambda fit: outcomes[fit.task_id].history[-1].train_loss)


def _load(task: Task) -> Any:
    import keras

    from kedro_nas.training.workers.process import register_blocks

    register_blocks(dict(task.architecture.custom_blocks))
    return keras.models.load_model(task.model_file, compile=False)
