"""`kedro_nas.ranking.front_table`: all architectures of a search as a table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.device import device_profile
from tests.finalists import NETWORK

from kedro_nas.ranking.front_table import tabulate_front
from kedro_nas.records.job import JobResults
from kedro_nas.space.architecture import Backbone
from kedro_nas.statistics.pareto_front import is_on_front, longest_trainings

WIDER = NETWORK.model_copy(
    update={"stages": (NETWORK.stages[0].model_copy(update={"width": 64}),)}
)
PRETRAINED = NETWORK.model_copy(
    update={
        "stages": (),
        "backbone": Backbone(
            name="mobilenet_v2", kept=3, unfrozen=0, input_size=96, weights="none"
        ),
    }
)


def table_of(results: JobResults) -> pd.DataFrame:
    """Return the table of a job without a device."""
    return tabulate_front(
        results.trials, results.ranking, results.best_architecture, None
    )


def test_table_has_a_row_per_scored_architecture(results: JobResults) -> None:
    """Each can be named to `kedro nas export`; the longest training counts."""
    table = table_of(results)
    longest = longest_trainings(results.trials).set_index("key")

    assert table["key"].is_unique
    assert set(table["key"]) == set(longest.index)
    assert (table["epochs"] == longest.loc[table["key"], "epochs"].to_numpy()).all()
    assert (table["score"] == longest.loc[table["key"], "score"].to_numpy()).all()


@pytest.mark.parametrize("cost", ["params", "macs"])
def test_table_marks_the_front_of_each_cost(results: JobResults, cost: str) -> None:
    """Nothing on the front is beaten, and everything else is."""
    table = table_of(results)
    expected = is_on_front(table[cost], table["score"])

    assert table[f"on_front_{cost}"].tolist() == expected.tolist()
    assert 0 < expected.sum() < len(table)


def test_table_tells_the_standard_error_of_an_accuracy_only(
    results: JobResults,
) -> None:
    """That of another objective, or with floors, does not follow from the score."""
    table = table_of(results)
    first = table.iloc[0]
    best = results.best_architecture
    others = [
        tabulate_front(
            results.trials, results.ranking, best.model_copy(update=changed), None
        )
        for changed in (
            {"objective": "balanced_accuracy"},
            {"recall_floors": {best.name: 0.9}},
        )
    ]

    spread = np.sqrt(first["score"] * (1 - first["score"]) / first["val_images"])
    assert first["score_se"] == pytest.approx(spread)
    assert all(other["score_se"].isna().all() for other in others)


def test_table_tells_contestants_by_their_rank_and_the_chosen_one(
    results: JobResults,
) -> None:
    """The leaderboard and this table are joined by `key`."""
    table = table_of(results).set_index("key")
    ranking = results.ranking[~results.ranking["is_baseline"]]
    ranks = ranking.set_index("key")["rank"]

    assert table["rank"].dropna().to_dict() == ranks.to_dict()
    assert table.index[table["chosen"]].tolist() == [results.best_architecture.key]


def test_table_without_a_device_invents_no_latency(results: JobResults) -> None:
    """Its column is empty, and nothing is on the front of it."""
    table = table_of(results)

    assert table["latency_ms"].isna().all()
    assert table["device"].isna().all()
    assert not table["on_front_latency"].any()


def test_table_predicts_latencies_by_the_profile(results: JobResults) -> None:
    """A backbone's layers are not known without building it: no latency."""
    networks = (NETWORK, WIDER, PRETRAINED)
    rows = longest_trainings(results.trials).head(3).reset_index(drop=True)
    rows = rows.assign(
        architecture=[json.dumps(one.to_dict()) for one in networks],
        score=[0.7, 0.8, 0.9],
    )
    table = tabulate_front(
        rows, results.ranking, results.best_architecture, device_profile()
    )
    table = table.set_index("score")

    predicted = [round(device_profile().predict_ms(one), 4) for one in networks[:2]]
    assert table.loc[[0.7, 0.8], "latency_ms"].tolist() == predicted
    assert np.isnan(table.loc[0.9, "latency_ms"])
    assert table["on_front_latency"].loc[[0.7, 0.8, 0.9]].tolist() == [
        True,
        True,
        False,
    ]
    assert set(table["device"]) == {"board"}
