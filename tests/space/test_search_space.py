"""A space fits its data, and nothing that leaves it is over a bound."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from tests.device import device_profile

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.choices import preset_names
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import block_names
from kedro_nas.space.search_space import SURVEYED, SearchSpace, build_search_space


def draw(space: SearchSpace, count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 100, 3), (28, 28, 1), (224, 160, 3)])
@pytest.mark.parametrize("preset", preset_names())
def test_sample_any_preset_and_size_fits(make_space, preset, shape):
    """Every preset gives networks for every size of image, and all fit."""
    space = make_space(shape, preset=preset)

    assert all(space.is_feasible(a) == (True, "") for a in draw(space, 40))
    assert all(space.is_feasible(anchor)[0] for anchor in space.anchors)


def test_sample_under_tight_bounds_still_covers_every_block(make_space):
    """250k parameters and 10M MACs on 32x32x3 leave no block type out."""
    space = make_space(
        (32, 32, 3), preset="accuracy", max_params="250k", max_macs="10M"
    )
    drawn = draw(space, 300)
    used = {stage.block for architecture in drawn for stage in architecture.stages}

    assert all(costs(a).params <= 250_000 for a in drawn)
    assert all(costs(a).macs <= 10_000_000 for a in drawn)
    assert used == set(block_names())


def test_sample_same_seed_gives_the_same(make_space):
    """A draw depends on the generator alone."""
    first, second = make_space(), make_space()

    assert draw(first, 5) == draw(second, 5)


@pytest.mark.slow
def test_two_thousand_draws_take_seconds(space):
    """Sampled, repaired, counted and checked: two thousand in four CPU seconds."""
    started = time.process_time()
    drawn = draw(space, 2_000)
    fitting = sum(space.is_feasible(architecture)[0] for architecture in drawn)
    seconds = time.process_time() - started

    assert fitting == len(drawn) == 2_000
    assert seconds < 4


def test_build_too_tight_a_bound_names_the_smallest(make_space):
    """When nothing fits, the error says what the smallest would take."""
    with pytest.raises(SearchSpaceError) as caught:
        make_space(preset="cpu", max_params=500)

    assert "max_params 500 is exceeded by" in str(caught.value)
    assert "stem 16/2" in str(caught.value)
    assert caught.value.remedy


def test_build_few_images_and_many_classes_leaves_a_space(make_space):
    """200 classes of 64 images in all are little, but no reason to fail."""
    space = make_space((8, 8, 1), n_train=64, n_classes=200)

    assert draw(space, 1)[0].n_classes == 200


def test_build_strong_verdict_always_augments(make_space):
    """Small data is never left unaugmented unless the user has said so."""
    verdict = {"augmentation": "strong"}

    assert make_space(verdict=verdict).choices["augmentation"] == ("light", "strong")
    assert make_space(verdict=verdict, augmentation=["none"]).choices[
        "augmentation"
    ] == ("none",)


def test_space_through_json_is_equal(space):
    """The file holds the whole space."""
    again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())))

    assert again == space
    assert draw(again, 3) == draw(space, 3)


def test_anchor_first_is_the_strided_net(space):
    """Candidate 0 is the net that won at equal time."""
    assert (
        space.anchors[0].describe() == "stem 48/2 · conv3 48 · conv3 96/2 · conv3 128/2"
    )
    assert space.anchors[1].family == "residual-residual"


def test_anchors_of_a_narrowed_space_belong_to_it(make_space):
    """Anchors use only what the user allows."""
    space = make_space(blocks=["separable"], width=[24, 40], kernel_size=[5])

    for anchor in space.anchors:
        assert set(anchor.family.split("-")) == {"separable"}
        assert space.decode(space.encode(anchor)) == anchor


def test_acceptance_counts_each_of_a_thousand_draws(make_space, monkeypatch):
    """What fits, fits after cuts, or exceeds adds up."""
    monkeypatch.setattr("kedro_nas.space.search_space.SURVEYED", SURVEYED)
    found = make_space().acceptance

    assert found.drawn == SURVEYED == 1_000
    assert found.accepted + found.repaired <= found.drawn
    assert found.accepted + max(found.rejected.values()) <= found.drawn


def test_self_attention_on_a_large_map_is_refused(make_space):
    """A quadratic attention never meets a full-size map."""
    space = make_space(
        (64, 64, 3), preset="accuracy", attention=["self_attention"], max_macs="none"
    )
    for architecture in draw(space, 20):
        assert space.is_feasible(architecture)[0]
    large = space.anchors[0].model_copy(
        update={"input_shape": (224, 224, 3)},
    )

    assert "smaller maps" in space.is_feasible(large)[1]


def test_stand_in_is_the_smallest_that_fits(space):
    """It is used where a draw cannot be repaired, so it has to fit."""
    assert space.smallest is not None
    assert space.stand_in == space.smallest.architecture
    assert space.is_feasible(space.stand_in) == (True, "")
    assert space.smallest.params == costs(space.stand_in).params


def test_stand_in_of_a_space_that_was_not_built_is_an_error(space):
    """A space without a smallest architecture names the stage to run again."""
    with pytest.raises(SearchSpaceError, match="Run the stage search_space again"):
        _ = space.model_copy(update={"smallest": None}).stand_in


def test_sample_that_cannot_be_repaired_is_the_stand_in(space):
    """A search goes on where nothing but the smallest fits."""
    tight = space.model_copy(
        update={"bounds": space.bounds.model_copy(update={"max_params": 1})}
    )

    assert tight.sample(np.random.default_rng(0)) == space.stand_in


def test_excess_grows_with_what_is_exceeded(space):
    """Repair follows this number down to zero."""
    fits = space.anchors[0]
    factor = costs(fits).params / 100
    tight = space.model_copy(
        update={"bounds": space.bounds.model_copy(update={"max_params": 100})}
    )

    assert space.excess_of(fits) == 0
    assert tight.excess_of(fits) == pytest.approx(factor)
    assert tight.excess(tight.encode(fits)) == pytest.approx(factor)


def test_searched_choices_are_those_with_several_values(make_space):
    """A choice with one value is no part of the search."""
    searched = make_space(n_stages=[2], width=[32, 64]).searched

    assert "n_stages" not in searched
    assert {"stage1_width", "learning_rate"} <= set(searched)


def test_draws_keep_a_bound_of_latency() -> None:
    """A network that is predicted to be too slow is never drawn."""
    data = DataFacts((28, 28, 1), 10, 8_000)
    device = device_profile()
    free = build_search_space(SearchSpaceOptions(preset="cpu"), data, seed=0)
    limit = device.bounded_ms(free.anchors[0]) / 2
    options = SearchSpaceOptions(preset="cpu", max_latency_ms=limit)
    bounded = build_search_space(options, data, seed=0, device=device)
    rng = np.random.default_rng(0)
    drawn = [bounded.sample(rng) for _ in range(40)]

    assert all(device.bounded_ms(one) <= limit for one in (*drawn, *bounded.anchors))
    assert len({one.network_key for one in drawn}) > 20
    assert "max_latency_ms" in bounded.acceptance.rejected
    assert bounded.is_feasible(free.anchors[0])[1].startswith("max_latency_ms")
    assert SearchSpace.from_dict(bounded.to_dict()) == bounded


def test_model_copy_forgets_what_was_derived(space) -> None:
    """Draws of a copy with other bounds are made for these bounds."""
    assert space.draw_target.bounds == space.bounds

    raised = space.model_copy(update={"bounds": space.bounds.measured(80e6)})

    assert raised.draw_target.bounds == raised.bounds
    assert raised.unused_values == space.unused_values
