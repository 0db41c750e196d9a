"""The augmentation of folds and of the final training."""

from __future__ import annotations

import pytest
from tests.finalists import build_finalist, build_search_result

from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.search import FlipEffect
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import AUGMENTATIONS
from kedro_nas.training.long_augmentation import (
    LONG_EPOCHS,
    with_augmentation_for,
    with_long_augmentation,
)

HARMLESS = FlipEffect(drop=0.0, standard_error=0.008, n_images=2000)
HARMFUL = FlipEffect(drop=0.2, standard_error=0.01, n_images=2000)
SECONDS = JobBudget(budget_s=300, plan=BudgetPlan(final_s=200))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_long_augmentation_replaces_nothing_but_shifts(name: str) -> None:
    """What a search chose beside the default stays, and so does all in short ones."""
    expected = {"light": "trivial", "light+flip": "trivial+flip"}.get(name, name)

    assert with_long_augmentation(name, LONG_EPOCHS) == expected
    assert expected in AUGMENTATIONS
    assert with_long_augmentation(name, LONG_EPOCHS - 1) == name


@pytest.mark.parametrize(
    ("epochs", "flips", "budget", "expected"),
    [
        (LONG_EPOCHS - 1, HARMLESS, SECONDS, "light+flip"),
        (LONG_EPOCHS, HARMLESS, SECONDS, "trivial+flip"),
        (LONG_EPOCHS, HARMFUL, SECONDS, "trivial"),
        (0, HARMFUL, SECONDS, "light"),
        (0, None, SECONDS, "light"),
        (LONG_EPOCHS, HARMLESS, JobBudget(), "light"),
    ],
)
def test_augmentation_follows_the_data_and_the_length_where_seconds_are_filled(
    small_architecture: Architecture,
    epochs: float,
    flips: FlipEffect | None,
    budget: JobBudget,
    expected: str,
) -> None:
    """Flips where the data allow them; the network and its other choices stay."""
    found = build_search_result(build_finalist("a"), flips=flips, budget=budget)
    network = with_augmentation_for(small_architecture, found, epochs)

    assert network.recipe.augmentation == expected
    assert network.network_key == small_architecture.network_key
    assert with_augmentation_for(network, found, epochs) == network
