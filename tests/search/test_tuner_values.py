"""The search space as KerasTuner declares it."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.tuner_values import to_hyperparameters
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace, build_search_space

DATA = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)


@pytest.fixture(scope="module", params=["cpu", "default", "mobile"])
def space(request: pytest.FixtureRequest) -> SearchSpace:
    """Return the space of a preset."""
    return build_search_space(SearchSpaceOptions(preset=request.param), DATA, seed=0)


def test_every_choice_is_declared_under_its_name(space: SearchSpace) -> None:
    """KerasTuner fills gaps from an unseeded generator, so there may be none."""
    declared = {one.name for one in to_hyperparameters(space).space}

    assert declared == set(space.choices)


def test_values_of_drawn_networks_come_back_unchanged(space: SearchSpace) -> None:
    """What the oracle stores decodes to the network that was drawn."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = space.sample(rng)
        tuner = to_hyperparameters(space)
        tuner.values = {**tuner.values, **space.encode(drawn)}

        assert space.decode(tuner.values) == drawn
