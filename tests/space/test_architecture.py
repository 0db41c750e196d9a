"""An architecture is a value: frozen, hashed, written and read without loss."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kedro_nas.space.architecture import (
    Architecture,
    Backbone,
    CustomModel,
    Head,
    Recipe,
    Stage,
    Stem,
    halved,
)

STEM = Stem(width=8, kernel_size=3, stride=2)
CONV = Stage(block="conv", depth=1, width=16, kernel_size=3, stride=1)
BACKBONE = Backbone(name="mobilenet_v2", kept=3, input_size=96)
MODEL = CustomModel(function="team.nets:build", digest="0" * 12, gives="logits")

stages = st.builds(
    Stage,
    block=st.sampled_from(["conv", "residual"]),
    depth=st.integers(1, 3),
    width=st.integers(1, 64),
    kernel_size=st.sampled_from([3, 5]),
    stride=st.integers(1, 2),
    attention=st.sampled_from(["none", "se"]),
    options=st.sampled_from([(), (("pre_activation", True),)]),
)
recipes = st.builds(
    Recipe,
    learning_rate=st.floats(1e-5, 1.0),
    label_smoothing=st.floats(0, 0.9),
    batch_size=st.integers(1, 512),
)
networks = st.builds(
    Architecture,
    input_shape=st.tuples(*[st.integers(1, 64)] * 3),
    n_classes=st.integers(2, 100),
    stem=st.just(STEM),
    stages=st.lists(stages, min_size=1, max_size=4).map(tuple),
    head=st.builds(Head, dense=st.integers(0, 64)),
    recipe=recipes,
)


def net(**changes) -> Architecture:
    """Return a small network; arguments replace its fields."""
    given_fields = {
        "input_shape": (28, 28, 1),
        "n_classes": 10,
        "stem": STEM,
        "stages": (CONV,),
    }
    return Architecture(**{**given_fields, **changes})


@given(networks)
def test_from_dict_of_to_dict_is_the_architecture(network) -> None:
    """JSON carries everything, and with it both keys."""
    again = Architecture.from_dict(json.loads(json.dumps(network.to_dict())))

    assert again == network
    assert (again.key, again.network_key) == (network.key, network.network_key)


@given(networks, recipes)
def test_network_key_is_that_of_the_network_alone(network, recipe) -> None:
    """Another recipe changes the key, and not the network's key."""
    other = network.model_copy(update={"recipe": recipe})

    assert other.network_key == network.network_key
    assert (other.key == network.key) == (recipe == network.recipe)


def test_keys_are_stable_across_versions() -> None:
    """Keys are written in files of earlier runs, so they may never change."""
    assert net().key == "dee29dd6b2ad"
    assert net(stages=(), backbone=BACKBONE).key == "b8bff06a302e"
    assert net(stages=(), custom_model=MODEL).key == "bb97010b9802"
    assert net(stages=(), custom_model=MODEL).network_key == "ff7ea07f5696"


def test_from_dict_reads_a_custom_model_of_an_earlier_version() -> None:
    """Files that call it `own_model` are read, and its keys are what they were."""
    network = net(stages=(), custom_model=MODEL)
    former = network.to_dict()
    former["own_model"] = former.pop("custom_model")
    again = Architecture.from_dict(former)

    assert again == network
    assert (again.key, again.network_key) == (network.key, network.network_key)
    assert "own_model" not in again.to_dict()


def test_model_copy_forgets_the_keys_of_the_original() -> None:
    """A copy with another field has another key, though the first was cached."""
    network = net()
    first = network.key
    other = network.model_copy(update={"activation": "swish"})

    assert other.key != first == network.key
    assert other.network_key != network.network_key


def test_with_recipe_changes_only_what_is_named() -> None:
    """The other training choices and the network stay."""
    other = net().with_recipe(learning_rate=0.1)

    assert other.recipe == Recipe(learning_rate=0.1)
    assert other.network_key == net().network_key


@pytest.mark.parametrize(
    "bodies",
    [
        {"stages": ()},
        {"backbone": BACKBONE},
        {"custom_model": MODEL},
        {"stages": (), "backbone": BACKBONE, "custom_model": MODEL},
    ],
)
def test_architecture_has_exactly_one_body(bodies) -> None:
    """Stages, a backbone and a custom model exclude each other."""
    with pytest.raises(ValidationError, match="either stages, a backbone or"):
        net(**bodies)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_classes": 1},
        {"colour": "red"},
        {"stem": {"width": 8, "kernel_size": 3, "stride": 5}},
        {"head": {"dropout": 1.0}},
        {"recipe": {"learning_rate": 0.0}},
    ],
)
def test_architecture_refuses_what_cannot_be_built(wrong) -> None:
    """Fields out of range or unknown are errors, not silence."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Architecture.model_validate({**net().to_dict(), **wrong})


def test_architecture_is_frozen() -> None:
    """It is a key of caches, so nobody may change it."""
    with pytest.raises(ValidationError, match="frozen"):
        net().n_classes = 3  # type: ignore[misc]


def test_empty_fields_are_left_out_of_json() -> None:
    """Networks without custom parts are written as before there were any."""
    plain = net().to_dict()
    custom = net(stages=(), custom_model=MODEL).to_dict()

    assert {"custom_model", "block_digests"}.isdisjoint(plain)
    assert custom["custom_model"]["function"] == "team.nets:build"
    assert "weights_digest" not in custom["custom_model"]
    assert (
        "weights_digest" not in net(stages=(), backbone=BACKBONE).to_dict()["backbone"]
    )


def test_describe_names_the_body() -> None:
    """A table shows what the network is, in a line."""
    stage = CONV.model_copy(update={"attention": "se", "stride": 2, "depth": 2})

    assert net(stages=(CONV, stage)).describe() == (
        "stem 8/2 · conv3 16 · conv3+se 16/2 ×2"  # noqa: RUF001
    )
    assert net(stages=(), backbone=BACKBONE).describe() == (
        "mobilenet_v2 of 3 steps, 0 unfrozen"
    )
    assert net(stages=(), custom_model=MODEL).describe() == (
        "custom model team.nets:build"
    )


def test_family_is_the_sequence_of_blocks_or_the_body_s_name() -> None:
    """Architectures of one family share a row of the leaderboard's summary."""
    assert net(stages=(CONV, CONV)).family == "conv-conv"
    assert net(stages=(), backbone=BACKBONE).family == "mobilenet_v2"
    assert net(stages=(), custom_model=MODEL).family == "team.nets:build"


@pytest.mark.parametrize(("times", "batch"), [(0, 32), (1, 16), (3, 4), (9, 1)])
def test_halved_batch_never_falls_below_one_image(times: int, batch: int) -> None:
    """A batch too large for the memory is halved, and the network stays."""
    smaller = halved(net(), times)

    assert smaller.recipe.batch_size == batch
    assert smaller.network_key == net().network_key
