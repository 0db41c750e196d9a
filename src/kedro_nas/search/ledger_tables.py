"""Builds `nas.trials` and `nas.finalists` from the ledger."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import cast

import pandas as pd
from scipy import stats

from kedro_nas.records.search import Finalist, Incumbent, RankCorrelation
from kedro_nas.records.trials import TRIAL_DTYPES, TrialRow
from kedro_nas.search.ledger import lines_of
from kedro_nas.search.ledger_lines import (
    BatchHalved,
    EpochTrained,
    LedgerLine,
    SearchBegun,
    TrialCreated,
    TrialEnded,
    TrialLine,
    TrialStarted,
)
from kedro_nas.space.architecture import Architecture, halved
from kedro_nas.space.costs import costs
from kedro_nas.training.tasks import KINDS, Epoch

MIN_RANKED = 5  # networks; the order of fewer is mostly noise


def trial_rows(events: Sequence[LedgerLine]) -> list[TrialRow]:
    """Return the rows of the table of trials, in the order of the schedule.

    Args:
        events: Lines of the ledger.

    Returns:
        A row per created trial, with status `stopped` if the budget cut it.
    """
    ended = {line.trial: line for line in lines_of(events, TrialEnded)}
    started = {line.trial: line for line in reversed(lines_of(events, TrialStarted))}
    epochs: dict[str, dict[int, EpochTrained]] = defaultdict(dict)
    for line in lines_of(events, EpochTrained):
        epochs[line.trial][line.epoch] = line
    begun = next(iter(lines_of(events, SearchBegun)), None)
    trained = _as_trained(events)
    rows = [
        _row(
            created,
            trained[created.trial],
            ended.get(created.trial),
            started.get(created.trial),
            epochs[created.trial],
            begun,
        )
        for created in lines_of(events, TrialCreated)
    ]
    return sorted(rows, key=lambda row: (row.iteration, -row.bracket, row.trial_id))


def trials_table(rows: Sequence[TrialRow]) -> pd.DataFrame:
    """Return the rows as a table with typed columns."""
    values = [vars(row) for row in rows]
    return pd.DataFrame(values, columns=list(TRIAL_DTYPES)).astype(TRIAL_DTYPES)


def _as_trained(events: Sequence[LedgerLine]) -> dict[str, Architecture]:
    """Return each trial's architecture with the batch it was trained with.

    A trial that ran out of memory continued with half its batch, and so did the trials
    of later rungs that resumed from it.
    """
    halvings: dict[str, int] = {}
    created: dict[str, Architecture] = {}
    for line in events:
        if isinstance(line, TrialCreated):
            halvings[line.trial] = halvings.get(line.parent or "", 0)
            created[line.trial] = line.architecture
        elif isinstance(line, BatchHalved):
            halvings[line.trial] += 1
    return {name: halved(one, halvings[name]) for name, one in created.items()}


def _row(
    created: TrialCreated,
    architecture: Architecture,
    ended: TrialEnded | None,
    started: TrialStarted | None,
    reported: Mapping[int, EpochTrained],
    begun: SearchBegun | None,
) -> TrialRow:
    cost = costs(architecture)
    epochs = _epochs_of(created, ended, reported)
    last = epochs[-1] if epochs else None
    started_s, ended_s = _times(started or created, ended, reported)
    seconds = _seconds_by_kind(ended, epochs)
    return TrialRow(
        trial_id=created.trial,
        key=architecture.key,
        network_key=architecture.network_key,
        name=architecture.describe(),
        family=architecture.family,
        parent_id=created.parent,
        ancestor_id=created.ancestor,
        ancestor_epochs=created.ancestor_epochs,
        iteration=created.iteration,
        bracket=created.bracket,
        rung=created.rung,
        epoch_start=created.epoch_start,
        epochs=last.epoch if last else created.epoch_start,
        rung_epochs=created.epochs,
        status=ended.status if ended else "stopped",
        reason=ended.reason if ended else "the budget ended",
        score=ended.score if ended else None,
        val_accuracy=last.val_accuracy if last else None,
        val_balanced_accuracy=last.val_balanced_accuracy if last else None,
        val_loss=last.val_loss if last else None,
        val_objective_score=last.val_objective_score if last else None,
        val_images=last.val_images if last else None,
        train_loss=last.train_loss if last else None,
        val_accuracy_by_epoch=[epoch.val_accuracy for epoch in epochs],
        val_balanced_accuracy_by_epoch=[e.val_balanced_accuracy for e in epochs],
        val_loss_by_epoch=[epoch.val_loss for epoch in epochs],
        val_objective_score_by_epoch=[e.val_objective_score for e in epochs],
        train_loss_by_epoch=[epoch.train_loss for epoch in epochs],
        best_epoch=_best_epoch(ended, begun),
        params=cost.params,
        macs=cost.macs,
        depth=cost.depth,
        learning_rate=architecture.recipe.learning_rate,
        worker=started.worker if started else None,
        started_s=started_s,
        ended_s=ended_s,
        seconds=ended_s - started_s,
        seconds_import=seconds["import"],
        seconds_build=seconds["build"],
        seconds_trace=seconds["trace"],
        seconds_train=seconds["train"],
        seconds_validate=seconds["validate"],
        seconds_checkpoint=seconds["checkpoint"],
        seconds_wait=seconds["wait"],
        architecture=json.dumps(architecture.to_dict()),
    )


def _epochs_of(
    created: TrialCreated,
    ended: TrialEnded | None,
    reported: Mapping[int, EpochTrained],
) -> Sequence[Epoch]:
    """Return a trial's own epochs, from its line `ended` if there is one.

    A kill between writing an epoch's checkpoint and its line loses that line.
    """
    if ended is None:
        return [reported[number] for number in sorted(reported)]
    return [epoch for epoch in ended.history if epoch.epoch > created.epoch_start]


def _times(
    began: TrialLine, ended: TrialEnded | None, reported: Mapping[int, EpochTrained]
) -> tuple[float, float]:
    """Return when a trial began and ended, or reported its last epoch."""
    last = reported[max(reported)] if reported else began
    return began.t, (ended or last).t


def _seconds_by_kind(
    ended: TrialEnded | None, epochs: Sequence[Epoch]
) -> dict[str, float]:
    """Return how a worker's seconds were spent, by `tasks.KINDS` and `wait`."""
    if ended is None:
        train = sum(epoch.seconds_train for epoch in epochs)
        validate = sum(epoch.seconds_validate for epoch in epochs)
        known = dict.fromkeys((*KINDS, "wait"), 0.0)
        return {**known, "train": train, "validate": validate}
    parts = {kind: ended.seconds.get(kind, 0.0) for kind in KINDS}
    wait = ended.seconds_under_way - sum(parts.values())
    return {**parts, "wait": max(0.0, wait)}


def _best_epoch(ended: TrialEnded | None, begun: SearchBegun | None) -> int | None:
    """Return the last epoch whose objective is not clearly below the best.

    Within one standard error of the best the differences are noise, and they should not
    shorten a schedule whose learning rate has not yet fallen.
    """
    objective = begun.objective if begun else "accuracy"
    history = ended.history if ended else ()
    measured = [(epoch.epoch, epoch.objective(objective)) for epoch in history]
    scores = {epoch: score for epoch, score in measured if score is not None}
    if not scores:
        return None
    best = max(scores.values())
    n_scored = begun.n_scored if begun else None
    error = math.sqrt(best * (1 - best) / n_scored) if n_scored else 0.0
    return max(epoch for epoch, score in scores.items() if score >= best - error)


def rank_correlations(trials: pd.DataFrame) -> list[RankCorrelation]:
    """Return how well the order of each rung predicted that of the next.

    Returns:
        Per iteration, bracket and rung with at least five promoted: Kendall's tau
        between the scores of the promoted on both rungs, None where all are equal.
    """
    done = trials[trials["status"] == "completed"]
    parents = done.set_index("trial_id")["score"]
    found = []
    grouped = done[done["rung"] > 0].groupby(["iteration", "bracket", "rung"])
    for place, rows in grouped:
        if len(rows) < MIN_RANKED:
            continue
        before = parents.loc[rows["parent_id"]].to_numpy()
        iteration, bracket, rung = map(int, cast("tuple[int, int, int]", place))
        tau = float(stats.kendalltau(before, rows["score"].to_numpy()).statistic)
        found.append(
            RankCorrelation(
                iteration=iteration,
                bracket=bracket,
                rung=rung,
                kendall_tau=tau if math.isfinite(tau) else None,  # all scores are equal
                n=len(rows),
            )
        )
    return found


def incumbents(events: Sequence[LedgerLine]) -> list[Incumbent]:
    """Return each improvement of the best score with its time, epochs and network."""
    trained = _as_trained(events)
    best, epochs, found = -1.0, 0, []
    for line in events:
        if isinstance(line, EpochTrained):
            epochs += 1
        score = line.score if isinstance(line, TrialEnded) else None
        if isinstance(line, TrialEnded) and score is not None and score > best:
            best = score
            key = trained[line.trial].key
            found.append(Incumbent(seconds=line.t, epochs=epochs, score=score, key=key))
    return found


def ends_of_trials(events: Sequence[LedgerLine]) -> dict[str, TrialEnded]:
    """Return how each trial ended, by its name.

    Args:
        events: Lines of the ledger.
    """
    return {line.trial: line for line in lines_of(events, TrialEnded)}


def make_finalist(
    architecture: Architecture,
    row: TrialRow | None,
    *,
    is_baseline: bool,
    ended: TrialEnded | None = None,
) -> Finalist:
    """Return one entry of `nas.finalists`.

    Args:
        architecture: The network.
        row: Its row of the trials table; None when the search did not train it.
        is_baseline: Whether it is the hand-built one.
        ended: How its trial ended, for its results on the validation images.
    """
    cost = costs(architecture)
    return Finalist(
        name=architecture.describe(),
        key=architecture.key,
        network_key=architecture.network_key,
        architecture=architecture,
        score=row and row.score,
        epochs=row and row.epochs,
        rung_epochs=row and row.rung_epochs,
        ancestor_epochs=row.ancestor_epochs if row else 0,
        best_epoch=row.best_epoch if row and not row.ancestor_epochs else None,
        trial_id=row and row.trial_id,
        seconds_per_epoch=row and _seconds_per_epoch(row),
        params=cost.params,
        macs=cost.macs,
        depth=cost.depth,
        is_baseline=is_baseline,
        right=ended and ended.right,
        resampled=ended and ended.resampled,
    )


def _seconds_per_epoch(row: TrialRow) -> float | None:
    trained = row.epochs - row.epoch_start
    spent = row.seconds_train + row.seconds_validate
    return spent / trained if trained and spent else None
