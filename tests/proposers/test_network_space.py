"""Networks as proposers see them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kedro_nas.proposers.network_space import NetworkSpace, active_names
from kedro_nas.seeds import generator
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.testing.proposer_contract import make_space


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    """Give the space of the contract."""
    return make_space()


def test_describe_has_the_costs_and_numbers_of_one_length(space: SearchSpace) -> None:
    """Whatever its stages, a network has a number for every open choice."""
    networks = NetworkSpace(space)
    drawn = [networks.sample(generator(0, "test", n)) for n in range(20)]
    described = [networks.describe(one) for one in drawn]

    assert {len(one.codes) + len(one.positions) for one in described} == {
        len(space.searched)
    }
    assert all(0 <= value <= 1 for one in described for value in one.positions)
    for architecture, one in zip(drawn, described, strict=True):
        cost = costs(architecture)
        assert one.costs == (math.log(cost.macs), math.log(cost.params), cost.depth)


def test_describe_choices_of_missing_stages_are_neutral(space: SearchSpace) -> None:
    """A stage that is not there has no block, and no width near any other."""
    networks = NetworkSpace(space)
    drawn = (networks.sample(generator(0, "few", n)) for n in range(50))
    small = next(one for one in drawn if len(one.stages) == 2)
    described = networks.describe(small)
    named = dict(zip(networks._words, described.codes, strict=True))
    numbers = dict(zip(networks._numbers, described.positions, strict=True))

    assert named["stage1_block"] >= 0
    assert named["stage3_block"] == -1
    assert numbers["stage3_width"] == 0.5


def test_mutate_changes_the_network_and_fits(space: SearchSpace) -> None:
    """Mutants are other networks within the bounds; changes without effect are few."""
    networks, rng = NetworkSpace(space), generator(0, "mutants")
    parent = networks.sample(rng)
    mutants = [networks.mutate(parent, 1, rng) for _ in range(60)]
    fitting = [one for one in mutants if one is not None]

    assert len(fitting) > 15
    assert all(space.is_feasible(one)[0] for one in fitting)
    assert np.mean([one.key != parent.key for one in fitting]) > 0.9


def test_within_limits_draws_are_cheaper(space: SearchSpace) -> None:
    """Limits of a question replace the bounds of the space."""
    networks = NetworkSpace(space)
    limits = space.bounds.model_copy(update={"max_macs": 4_000_000})
    drawn = [networks.within(limits).sample(generator(0, "n", n)) for n in range(5)]

    assert networks.within(space.bounds) is networks
    assert all(costs(one).macs <= 4_000_000 for one in drawn)


def test_active_names_with_a_backbone_leave_out_the_stages() -> None:
    """A pretrained backbone takes the place of stem and stages."""
    values = {
        "n_stages": 1,
        "stem_width": 16,
        "activation": "relu",
        "stage1_block": "conv",
        "stage1_width": 32,
        "head_dense": 0,
        "backbone": "none",
        "backbone_kept": 3,
        "learning_rate": 0.002,
    }
    own = set(values) - {"backbone_kept"}
    pretrained = values | {"backbone": "mobilenet"}

    assert active_names(values) == own
    assert active_names(pretrained) == {
        *("backbone", "backbone_kept", "head_dense", "learning_rate")
    }
    assert "activation" in active_names(pretrained | {"head_dense": 64})
