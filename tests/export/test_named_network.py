"""`kedro_nas.export.named_network`: a network of the search, by its key."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pandas as pd
import pytest
from tests.finalists import NETWORK
from tests.latency_checks import latency_check

from kedro_nas.errors import ExportError
from kedro_nas.export.named_network import choose_by_hand, find_network
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.job import JobResults

FINAL = ExportOptions()
KEYS = ("aabb01", "aabb02", "cc0300", "dd0400")


def trials() -> pd.DataFrame:
    """Return the first rung of four architectures, and the second of one."""
    rows = [
        {"key": key, "epochs": 1, "score": score, "status": "completed", "reason": ""}
        for key, score in zip(KEYS, (0.5, 0.6, 0.7, None), strict=True)
    ]
    rows[-1].update(status="failed", reason="out of memory")
    rows.append({**rows[1], "epochs": 3, "score": 0.65})
    table = pd.DataFrame(rows).assign(val_images=400)
    return table.assign(
        name="network " + table["key"], architecture=json.dumps(NETWORK.to_dict())
    )


@pytest.mark.parametrize("given", ["aabb02", "AABB02", "aabb02 "])
def test_a_key_finds_its_longest_training(given: str) -> None:
    """As it was copied, in capitals or with a space behind it."""
    found = find_network(trials(), given)

    assert (found.key, found.epochs, found.score) == ("aabb02", 3, 0.65)
    assert found.architecture == NETWORK
    assert found.val_images == 400


def test_the_beginning_of_a_key_is_enough() -> None:
    """Unless another key begins so."""
    assert find_network(trials(), "c").key == "cc0300"


def test_a_beginning_that_several_keys_share_names_them() -> None:
    """With their scores, so that the right one is recognised."""
    with pytest.raises(ExportError, match="2 keys begin") as raised:
        find_network(trials(), "aabb")
    message = str(raised.value)

    assert "aabb01 (50.0 %), aabb02 (65.0 %)" in message
    assert "Give more of its key" in message


@pytest.mark.parametrize("given", ["aabc01", "zz", ""])
def test_an_unknown_key_names_the_nearest(given: str) -> None:
    """And where keys are listed."""
    with pytest.raises(ExportError, match=r"nas\.pareto_table") as raised:
        find_network(trials(), given)

    if given == "aabc01":
        assert "the nearest are aabb01 (50.0 %)" in str(raised.value)


def test_the_baseline_that_the_search_did_not_train_is_told_apart() -> None:
    """The ranking lists it among the networks, so its key is copied from there."""
    with pytest.raises(ExportError, match=r"nas\.baseline_model") as raised:
        find_network(trials(), "ee05", baseline="ee0500")
    assert "the baseline" in str(raised.value)

    with pytest.raises(ExportError, match="no such architecture"):
        find_network(trials(), "ff", baseline="ee0500")
    assert find_network(trials(), "cc", baseline="cc0300").key == "cc0300"


def test_an_architecture_that_failed_tells_why() -> None:
    """What ran out of memory in the search would again."""
    with pytest.raises(ExportError, match="out of memory"):
        find_network(trials(), "dd")


def test_a_search_without_trials_says_so() -> None:
    """There is nothing to name yet."""
    with pytest.raises(ExportError, match=r"nas\.trials has none"):
        find_network(trials().iloc[:0], "aabb01")


def test_choice_by_hand_is_trained_like_the_chosen_one(results: JobResults) -> None:
    """Budget, epochs and objective are its; baseline and folds are not claimed."""
    best = results.best_architecture
    other = next(
        key for key in results.trials["key"] if key not in set(results.ranking["key"])
    )
    rows = results.trials[results.trials["key"] == other]
    one = find_network(results.trials, str(rows["key"].iloc[0]))
    choice = choose_by_hand(
        one, results.finalists, best, results.ranking, None, final=FINAL
    )

    assert choice.rule == "by_hand"
    assert (choice.budget, choice.full_epochs) == (best.budget, best.full_epochs)
    assert (choice.baseline, choice.against_baseline, choice.cv_mean) == (None,) * 3
    assert choice.key == one.key
    assert f"the ranking chose another one, {best.name}" in choice.sentence
    assert "validation images by which the search also chose." in choice.sentence
    json.dumps(choice.to_json(), allow_nan=False)


def test_choice_by_hand_of_a_contestant_keeps_its_folds(results: JobResults) -> None:
    """They were measured on the same images as those of the chosen one."""
    best, table = results.best_architecture, results.ranking
    row = table[~table["is_baseline"] & ~table["chosen"]].iloc[0]
    one = find_network(results.trials, row["key"])
    choice = choose_by_hand(one, results.finalists, best, table, None, final=FINAL)

    assert choice.cv_mean == row["cv_mean"]
    assert (choice.ci_low, choice.ci_high) == (row["ci_low"], row["ci_high"])


def test_choice_by_hand_above_the_bound_of_latency_says_so(
    results: JobResults,
) -> None:
    """It is exported all the same: a person asked for it."""
    one = find_network(results.trials, results.ranking["key"].iloc[0])
    latency = latency_check(**{one.key: 12.0})
    choice = choose_by_hand(
        one,
        results.finalists,
        results.best_architecture,
        results.ranking,
        latency,
        final=FINAL,
    )

    assert "above the bound of 10 ms on board" in choice.sentence
    assert choice.latency == latency


@pytest.mark.parametrize(
    ("wanted", "epochs", "expected"),
    [
        ("auto", 60.0, "trivial"),
        ("auto", 40.0, "light"),
        ("auto", None, "light"),
        ("as_searched", 60.0, "light"),
    ],
)
def test_choice_by_hand_is_augmented_like_the_chosen_one(
    results: JobResults, wanted: Any, epochs: float | None, expected: str
) -> None:
    """Where its final training is long enough for TrivialAugment, so is this one."""
    best = results.best_architecture.model_copy(update={"final_epochs": epochs})
    one = find_network(results.trials, results.ranking["key"].iloc[0])
    network = one.architecture.with_recipe(augmentation="light")
    one = dataclasses.replace(one, architecture=network)
    found = results.finalists
    plan = found.budget.plan.model_copy(update={"final_s": 100.0})
    budget = found.budget.model_copy(update={"plan": plan})
    choice = choose_by_hand(
        one,
        found.model_copy(update={"budget": budget}),
        best,
        results.ranking,
        None,
        final=FINAL.model_copy(update={"augmentation": wanted}),
    )

    assert choice.architecture.recipe.augmentation == expected
    assert choice.architecture.network_key == network.network_key
