"""Builds `nas.trials` and `nas.finalists` from the ledger."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import Any, cast

import pandas as pd
from scipy import stats

from kedro_nas.records.search import Finalist, Incumbent, RankCorrelation
from kedro_nas.space.architecture import Architecture, halved
from kedro_nas.space.costs import costs
from kedro_nas.training.tasks import KINDS

COLUMNS = {
    "trial_id": "string",
    "key": "string",
    "network_key": "string",
    "name": "string",
    "family": "string",
    "parent_id": "string",
    "iteration": "int64",
    "bracket": "int64",
    "rung": "int64",
    "epoch_start": "int64",
    "epochs": "int64",
    "rung_epochs": "int64",
    "status": "string",
    "reason": "string",
    "score": "float64",
    "val_accuracy": "float64",
    "val_balanced_accuracy": "float64",
    "val_loss": "float64",
    "val_images": "Int64",
    "train_loss": "float64",
    "val_accuracy_by_epoch": "object",
    "val_balanced_accuracy_by_epoch": "object",
    "val_loss_by_epoch": "object",
    "train_loss_by_epoch": "object",
    "best_epoch": "Int64",
    "params": "int64",
    "macs": "int64",
    "depth": "int64",
    "learning_rate": "float64",
    "worker": "Int64",
    "started_s": "float64",
    "ended_s": "float64",
    "seconds": "float64",
    "seconds_import": "float64",
    "seconds_build": "float64",
    "seconds_trace": "float64",
    "seconds_train": "float64",
    "seconds_validate": "float64",
    "seconds_checkpoint": "float64",
    "seconds_wait": "float64",
    "architecture": "string",
}


MIN_RANKED = 5  # networks; the order of fewer is mostly noise


def trials_table(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the table of trials, in the order of the schedule.

    Args:
        events: The ledger's.

    Returns:
        A row per started trial, with status `stopped` if the budget cut it.
    """
    ended = {e["trial"]: e for e in events if e["event"] == "ended"}
    started = {e["trial"]: e for e in reversed(events) if e["event"] == "started"}
    epochs: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        if event["event"] == "epoch":
            epochs[event["trial"]][event["epoch"]] = event
    created = [e for e in events if e["event"] == "created"]
    begun = next((e for e in events if e["event"] == "begun"), {})
    trained = _as_trained(events)
    rows = [
        _row(
            event,
            trained[event["trial"]],
            ended.get(event["trial"]),
            started.get(event["trial"]),
            _epochs_of(event, ended.get(event["trial"]), epochs[event["trial"]]),
            begun,
        )
        for event in created
    ]
    rows.sort(key=lambda row: (row["iteration"], -row["bracket"], row["trial_id"]))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _as_trained(events: list[dict[str, Any]]) -> dict[str, Architecture]:
    """Return each trial's architecture with the batch it was trained with.

    A trial that ran out of memory continued with half its batch, and so did the trials
    of later rungs that resumed from it.
    """
    halvings: dict[str, int] = {}
    created: dict[str, Architecture] = {}
    for event in events:
        if event["event"] == "created":
            halvings[event["trial"]] = halvings.get(event["parent"] or "", 0)
            created[event["trial"]] = Architecture.from_dict(event["architecture"])
        elif event["event"] == "halved":
            halvings[event["trial"]] += 1
    return {name: halved(one, halvings[name]) for name, one in created.items()}


def _row(
    created: dict[str, Any],
    architecture: Architecture,
    ended: dict[str, Any] | None,
    started: dict[str, Any] | None,
    epochs: list[dict[str, Any]],
    begun: dict[str, Any],
) -> dict[str, Any]:
    cost = costs(architecture)
    last = epochs[-1] if epochs else {}
    started_s = started["t"] if started else created["t"]
    finished = ended["t"] if ended else (last.get("t", started_s))
    return {
        "trial_id": created["trial"],
        "key": architecture.key,
        "network_key": architecture.network_key,
        "name": architecture.describe(),
        "family": architecture.family,
        "parent_id": created["parent"],
        **{k: created[k] for k in ("iteration", "bracket", "rung", "epoch_start")},
        "epochs": last.get("epoch", created["epoch_start"]),
        "rung_epochs": created["epochs"],
        "status": ended["status"] if ended else "stopped",
        "reason": ended["reason"] if ended else "the budget ended",
        "score": ended["score"] if ended else None,
        **{k: last.get(k) for k in ("val_accuracy", "val_balanced_accuracy")},
        **{k: last.get(k) for k in ("val_loss", "val_images", "train_loss")},
        **{f"{k}_by_epoch": [e[k] for e in epochs] for k in _CURVES},
        "best_epoch": _best_epoch(ended, begun),
        "params": cost.params,
        "macs": cost.macs,
        "depth": cost.depth,
        "learning_rate": architecture.recipe.learning_rate,
        "worker": started["worker"] if started else None,
        "started_s": started_s,
        "ended_s": finished,
        "seconds": finished - started_s,
        **_seconds(ended, epochs),
        "architecture": json.dumps(architecture.to_dict()),
    }


def _epochs_of(
    created: dict[str, Any], ended: dict[str, Any] | None, said: dict[int, Any]
) -> list[dict[str, Any]]:
    """Return a trial's own epochs, from its event `ended` if there is one.

    A kill between writing an epoch's checkpoint and its line loses that line.
    """
    if ended is None:
        return [said[number] for number in sorted(said)]
    return [e for e in ended["history"] if e["epoch"] > created["epoch_start"]]


_CURVES = ("val_accuracy", "val_balanced_accuracy", "val_loss", "train_loss")


def _seconds(
    ended: dict[str, Any] | None, epochs: list[dict[str, Any]]
) -> dict[str, float]:
    if ended is None:
        train = sum(e["seconds_train"] for e in epochs)
        validate = sum(e["seconds_validate"] for e in epochs)
        parts = {"train": train, "validate": validate}
        return {f"seconds_{k}": parts.get(k, 0.0) for k in (*KINDS, "wait")}
    parts = ended["seconds"]
    known = {f"seconds_{k}": parts.get(k, 0.0) for k in KINDS}
    wait = ended["seconds_under_way"] - sum(known.values())
    return {**known, "seconds_wait": max(0.0, wait)}


def _best_epoch(ended: dict[str, Any] | None, begun: dict[str, Any]) -> int | None:
    """Return the last epoch whose objective is not clearly below the best.

    Within one standard error of the best the differences are noise, and they should not
    shorten a schedule whose learning rate has not yet fallen.
    """
    history = ended["history"] if ended else []
    name = f"val_{begun.get('objective', 'accuracy')}"
    scores = {e["epoch"]: e[name] for e in history if e[name] is not None}
    if not scores:
        return None
    best = max(scores.values())
    n_scored = begun.get("n_scored")
    error = math.sqrt(best * (1 - best) / n_scored) if n_scored else 0.0
    return int(max(epoch for epoch, score in scores.items() if score >= best - error))


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


def incumbents(events: list[dict[str, Any]]) -> list[Incumbent]:
    """Return each improvement of the best score with its time, epochs and network."""
    trained = _as_trained(events)
    best, epochs, found = -1.0, 0, []
    for event in events:
        if event["event"] == "epoch":
            epochs += 1
        score = event.get("score") if event["event"] == "ended" else None
        if score is not None and score > best:
            best = score
            found.append(
                Incumbent(
                    seconds=event["t"],
                    epochs=epochs,
                    score=score,
                    key=trained[event["trial"]].key,
                )
            )
    return found


def results_on_images(events: list[dict[str, Any]]) -> dict[str, str]:
    """Return which validation images each trial classified correctly, where known.

    Args:
        events: The ledger's.

    Returns:
        By trial; see `statistics.image_pairs.pack_right`.
    """
    ended = [event for event in events if event["event"] == "ended"]
    return {e["trial"]: e["right"] for e in ended if e.get("right") is not None}


def make_finalist(
    architecture: Architecture,
    row: Any,
    *,
    is_baseline: bool,
    right: str | None = None,
) -> Finalist:
    """Return one entry of `nas.finalists`.

    Args:
        architecture: The network.
        row: Its row of the trials table; None when the search did not train it.
        is_baseline: Whether it is the hand-built one.
        right: Its results on the validation images, where they are known.
    """
    cost = costs(architecture)
    trained: dict[str, Any] = {}
    if row is not None:
        trained = {
            "score": float(row["score"]),
            "epochs": int(row["epochs"]),
            "rung_epochs": int(row["rung_epochs"]),
            "best_epoch": int(row["best_epoch"]),
            "trial_id": str(row["trial_id"]),
            "seconds_per_epoch": _seconds_per_epoch(row),
        }
    return Finalist(
        name=architecture.describe(),
        key=architecture.key,
        network_key=architecture.network_key,
        architecture=architecture,
        params=cost.params,
        macs=cost.macs,
        depth=cost.depth,
        is_baseline=is_baseline,
        right=right,
        **trained,
    )


def _seconds_per_epoch(row: Any) -> float | None:
    trained = int(row["epochs"]) - int(row["epoch_start"])
    spent = float(row["seconds_train"]) + float(row["seconds_validate"])
    return spent / trained if trained and spent else None
