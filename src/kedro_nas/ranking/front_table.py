"""`nas.pareto_table`: what each architecture of a search scored and costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.errors import SearchSpaceError
from kedro_nas.records.ranking import Choice
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.statistics.pareto_front import is_on_front, longest_trainings

_FROM_TRIALS = (
    "key",
    "name",
    "score",
    "score_se",
    "epochs",
    "val_images",
    "params",
    "macs",
    "depth",
)
_COSTS = {"params": "params", "macs": "macs", "latency": "latency_ms"}


def tabulate_front(
    trials: pd.DataFrame,
    ranking: pd.DataFrame,
    choice: Choice,
    device: DeviceProfile | None,
) -> pd.DataFrame:
    """Return a row per scored architecture, best score after longest training first.

    Args:
        trials: `nas.trials`.
        ranking: `nas.ranking`.
        choice: The network that was chosen, and the objective of the scores.
        device: Profile that predicts latencies; None for none.

    Returns:
        `key`, `name`; `score` of its longest training on validation images, with its
        standard error `score_se` where the objective is the accuracy without floors of
        recall, `epochs` and `val_images`; `params`, `macs`, `depth`; `latency_ms`
        predicted for `device`, the margin not included; `on_front_params`,
        `on_front_macs` and `on_front_latency`: whether no other row has at least its
        score at no more of that cost; `rank` in `nas.ranking`, and whether it was
        `chosen`.
    """
    rows = longest_trainings(trials)
    is_accuracy = choice.objective == "accuracy" and not choice.recall_floors
    rows = rows.assign(score_se=_standard_errors(rows) if is_accuracy else np.nan)
    table = rows.loc[:, list(_FROM_TRIALS)].reset_index(drop=True)
    table["device"] = pd.Series(
        [None if device is None else device.name] * len(table), dtype="string"
    )
    table["latency_ms"] = _latencies_ms(rows, device)
    for cost, column in _COSTS.items():
        table[f"on_front_{cost}"] = is_on_front(table[column], table["score"])
    ranks = ranking[~ranking["is_baseline"].astype(bool)].set_index("key")["rank"]
    table["rank"] = table["key"].map(ranks).astype("Int64")
    table["chosen"] = (table["key"] == choice.key).astype(bool)
    return table


def _standard_errors(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the binomial error of each accuracy on its validation images."""
    score, n = rows["score"].to_numpy(float), rows["val_images"].astype(float)
    return np.asarray(np.sqrt(score * (1 - score) / n), np.float64)


def _latencies_ms(
    rows: pd.DataFrame, device: DeviceProfile | None
) -> NDArray[np.float64]:
    """Return predicted milliseconds; `nan` where there is no prediction."""
    if device is None:
        return np.full(len(rows), np.nan)
    networks = map(Architecture.model_validate_json, rows["architecture"])
    return np.array([_latency_ms(one, device) for one in networks], float)


def _latency_ms(network: Architecture, device: DeviceProfile) -> float:
    try:
        return round(device.predict_ms(network), 4)
    except SearchSpaceError:  # layers that are not known without building it
        return float("nan")
