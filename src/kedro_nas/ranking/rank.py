"""Entry point of the package: compare the finalists and choose one of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kedro_nas.accounting.final_epochs import estimate_final_epochs
from kedro_nas.data.store import ImageStore
from kedro_nas.files import name_of
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.choose import RankedContestants, rank_contestants
from kedro_nas.ranking.contestants import full_epochs, select_contestants
from kedro_nas.ranking.cross_validation import SCORES, cross_validate
from kedro_nas.ranking.image_table import ImageTable
from kedro_nas.ranking.latency_check import check_latency, require_bound
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.ranking.resampled_table import ResampledTable
from kedro_nas.ranking.schedule import Schedule, keep_schedule, make_schedule
from kedro_nas.ranking.validation_fit import train_baseline
from kedro_nas.records.latency import LatencyCheck
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice, CrossValidationSummary
from kedro_nas.records.search import Execution, Finalist, SearchResult
from kedro_nas.space.architecture import Architecture
from kedro_nas.statistics.image_pairs import image_weights
from kedro_nas.statistics.objectives import COLUMN, Objective, floors_by_class
from kedro_nas.training.execution import execution_here
from kedro_nas.training.long_augmentation import with_augmentation_for
from kedro_nas.training.workers.lease import count_workers
from kedro_nas.work_clock import WorkClock
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)

DEFAULT_FINAL = ExportOptions()


@one_writer
def rank_finalists(
    store: ImageStore,
    profile: DatasetProfile,
    result: SearchResult,
    workspace: Path,
    options: RankingOptions,
    job: JobOptions,
    seed: int,
    *,
    final: ExportOptions = DEFAULT_FINAL,
) -> tuple[pd.DataFrame, pd.DataFrame, Choice]:
    """Compare the contestants on the same images and choose one.

    By cross-validation if the budget allows it, else on the validation images of the
    search.

    Args:
        store: Images; test rows are not read.
        profile: Of the images.
        result: Of the search.
        workspace: A ranking that was killed is resumed with its plan, its finished
            folds and its remaining seconds.
        options: `params:nas.ranking`.
        job: `params:nas.job`.
        seed: The root seed.
        final: `params:nas.export`, for the length of the final training.

    Returns:
        `nas.fold_scores`, `nas.ranking` and `nas.best_architecture`.

    Raises:
        RankingError: No contestant has a score, or the finalists were chosen with
            another baseline, or the rule asks for a latency that is not bounded.
        SearchSpaceError: A custom block has changed since the search.
    """
    began = time.monotonic()
    require_bound(options, result.latency)
    contestants = select_contestants(result, job.baseline)
    workers = count_workers(job, seen=result.search.workers)
    folder = workspace / "ranking"
    name = _name(store, profile, result, options, final, job, workers, seed)
    clock = WorkClock.resume(folder / f"clock-{name}.txt", began=began)
    full = full_epochs(result)
    schedule = keep_schedule(
        folder / f"schedule-{name}.json",
        lambda: make_schedule(
            store,
            contestants,
            profile.verdict,
            options,
            final,
            result.budget,
            full_epochs=full,
            workers=workers,
        ),
    )
    latency = check_latency(contestants, result.latency, folder)
    compare = _on_validation if schedule.plan is None else _on_folds
    inputs = _Inputs(
        store=store,
        profile=profile,
        result=result,
        contestants=contestants,
        workspace=workspace,
        options=options,
        final=final,
        job=job,
        workers=workers,
        schedule=schedule,
        clock=clock,
        seed=seed,
        latency=latency,
    )
    compared = compare(inputs)
    choice = _complete(compared, inputs, full)
    return compared.fold_scores, compared.ranked.table, choice


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What both ways of comparing need."""

    store: ImageStore
    profile: DatasetProfile
    result: SearchResult
    contestants: tuple[Finalist, ...]
    workspace: Path
    options: RankingOptions
    final: ExportOptions
    job: JobOptions
    workers: int
    schedule: Schedule
    clock: WorkClock
    seed: int
    latency: LatencyCheck | None

    @property
    def objective(self) -> str:
        """Return the score that decides."""
        return self.profile.verdict.objective_of(self.job.objective)

    @property
    def execution(self) -> Execution:
        """Return how gradient steps are run on this machine."""
        return execution_here(self.result.search.execution, self.job)

    def with_augmentation(
        self, network: Architecture, epochs: float | None
    ) -> Architecture:
        """Return a network with the augmentation for a training of so many epochs."""
        if self.final.augmentation == "as_searched":
            return network
        return with_augmentation_for(network, self.result, epochs or 0.0)

    def final_epochs(self, key: str) -> float | None:
        """Return the epochs that the final training of a contestant would have."""
        one = next(one for one in self.contestants if one.key == key)
        n_dev, n_train = (len(self.store.rows(rows)) for rows in ("dev", "train"))
        return estimate_final_epochs(
            one,
            self.contestants,
            self.result.budget.plan,
            self.final,
            size_ratio=n_dev / max(1, n_train),
            workers=self.workers,
        )


@dataclass(frozen=True)
class _Compared:
    """Scores of the contestants, and the choice made from them."""

    fold_scores: pd.DataFrame
    ranked: RankedContestants
    summary: CrossValidationSummary


def _complete(compared: _Compared, inputs: _Inputs, full: int) -> Choice:
    """Return the choice with the fields that the final training needs."""
    choice, result = compared.ranked.choice, inputs.result
    seconds, job = inputs.clock.seconds, inputs.job
    baseline = choice.baseline
    if baseline is not None:
        epochs = inputs.final_epochs(baseline.key)
        network = inputs.with_augmentation(baseline.architecture, epochs)
        baseline = baseline.model_copy(update={"architecture": network})
    epochs = inputs.final_epochs(choice.key)
    winner = inputs.with_augmentation(choice.architecture, epochs)
    if winner != choice.architecture:
        logger.info(
            "In the final training images are augmented by %s, in the search by %s.",
            winner.recipe.augmentation,
            choice.architecture.recipe.augmentation,
        )
    return choice.model_copy(
        update={
            "architecture": winner,
            "baseline": baseline,
            "full_epochs": full,
            "final_epochs": epochs,
            "execution": result.search.execution,
            "plan": compared.summary,
            "seconds": seconds,
            "budget": result.budget.after("ranking", seconds),
            "recall_floors": job.recall_floors,
        }
    )


def _on_folds(inputs: _Inputs) -> _Compared:
    """Train the contestants from new weights on the same folds, and compare them."""
    plan = inputs.schedule.plan
    assert plan is not None
    for reason in plan.reasons:
        logger.warning("Cross-validation: %s.", reason)
    trained = cross_validate(
        inputs.store,
        [
            one.model_copy(
                update={
                    "architecture": inputs.with_augmentation(
                        one.architecture, plan.epochs
                    )
                }
            )
            for one in inputs.contestants
        ],
        plan,
        inputs.profile.verdict,
        inputs.workspace,
        inputs.job,
        inputs.execution,
        seed=inputs.seed,
        limit_s=inputs.schedule.limit_s,
        clock=inputs.clock,
    )
    table = FoldTable.read(trained.fold_scores, trained.contestants, inputs.objective)
    return _Compared(
        trained.fold_scores,
        rank_contestants(
            table,
            inputs.options,
            objective=inputs.objective,
            latency=inputs.latency,
        ),
        CrossValidationSummary(
            finalists=plan.n_finalists,
            folds=plan.n_folds,
            repeats=plan.n_repeats,
            epochs=plan.epochs,
            reasons=(*plan.reasons, *trained.reasons),
        ),
    )


def _on_validation(inputs: _Inputs) -> _Compared:
    """Compare the contestants, as trained in the search, on validation images."""
    logger.info("No cross-validation: %s.", inputs.schedule.reason)
    contestants = train_baseline(
        inputs.store,
        inputs.contestants,
        inputs.profile.verdict,
        inputs.workspace,
        inputs.job,
        inputs.execution,
        seed=inputs.seed,
        patience=inputs.result.search.patience,
        limit_s=inputs.schedule.limit_s,
        clock=inputs.clock,
    )
    objective = inputs.objective
    labels = inputs.store.labels[inputs.store.rows("val")]
    floors = floors_by_class(inputs.job.recall_floors, inputs.store.class_names)
    has_formula = Objective(objective, floors).has_formula
    kind = ImageTable if has_formula else ResampledTable
    table = kind.read(contestants, image_weights(labels, objective))
    column = objective if has_formula else COLUMN
    ranked = rank_contestants(
        table, inputs.options, objective=objective, latency=inputs.latency
    )
    rows = [
        {
            "key": key,
            "name": one.name,
            "is_baseline": one.is_baseline,
            "repeat": 0,
            "fold": 0,
            "scored_on": "validation",
            "status": "completed" if key in table.means else "failed",
            "reason": "" if key in table.means else "not trained by the search",
            **dict.fromkeys(SCORES),
            column: table.means[key].mean if key in table.means else None,
            "epochs": one.epochs or 0,
            "n_train": len(inputs.store.rows("train")),
            "n_held_out": len(labels),
            "seconds": 0.0,
            "seed": 0,
        }
        for key, one in table.contestants.items()
    ]
    return _Compared(
        pd.DataFrame(rows).astype(dict.fromkeys(SCORES, "float64")),
        ranked,
        _summary_of_validation(contestants, inputs.schedule.reason),
    )


def _summary_of_validation(
    contestants: Sequence[Finalist], reason: str
) -> CrossValidationSummary:
    return CrossValidationSummary(
        scored_on="validation",
        finalists=sum(not one.is_baseline for one in contestants),
        folds=0,
        repeats=0,
        epochs=max((one.epochs or 0 for one in contestants), default=0),
        reasons=(reason,),
    )


def _name(
    store: ImageStore,
    profile: DatasetProfile,
    result: SearchResult,
    options: RankingOptions,
    final: ExportOptions,
    job: JobOptions,
    workers: int,
    seed: int,
) -> str:
    """Return an id of everything that decides what a ranking trains and for how long.

    The seconds of the search are excluded: running a completed search again adds some,
    but the ranking after it must not change.
    """
    return name_of(
        store.fingerprint,
        profile.verdict.model_dump(mode="json"),
        [one.model_dump(mode="json") for one in result.finalists],
        result.search.epochs_trained,
        options.model_dump(mode="json"),
        [final.epochs, final.budget_s, final.seeds, final.augmentation],
        result.budget.budget_s,
        job.threads_per_worker,
        profile.verdict.objective_of(job.objective),
        job.recall_floors,
        job.class_weights,
        job.sampling,
        workers,
        seed,
    )
