"""An architecture's layers, in order, whatever runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.space.blocks.counting import ListingCounter

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.network import (
    attender,
    run_block,
    run_body,
    run_closing,
    run_head,
    run_network,
    run_stage,
    run_stem,
)
from kedro_nas.space.registry import forget_block, register_block

STEM = Stem(width=8, kernel_size=3, stride=2)
CONV = Stage(block="conv", depth=2, width=16, kernel_size=3, stride=2)


class NamingCounter(ListingCounter):
    """A counter that keeps scopes and names, as Keras does."""

    scope = LayerVocabulary.scope
    _name = LayerVocabulary._name


@pytest.fixture
def layers() -> NamingCounter:
    """Return an interpreter for images of 8x8x3."""
    return NamingCounter((8, 8, 3))


def net(**changes) -> Architecture:
    """Return a network of one stage; arguments replace its fields."""
    given = {
        "input_shape": (8, 8, 3),
        "n_classes": 5,
        "stem": STEM,
        "stages": (CONV,),
    }
    return Architecture(**{**given, **changes})


def test_run_network_goes_from_pixels_to_probabilities(layers) -> None:
    """Stem, the stage's blocks, head: each layer named by its place."""
    out = run_network(layers, net(), layers.input)

    assert out.shape == (5,)
    assert [one.name for one in layers.layers] == [
        *("stem_conv1", "stem_norm1", "stem_act1"),
        *("stage1_block1_conv1", "stage1_block1_norm1", "stage1_block1_act1"),
        *("stage1_block2_conv1", "stage1_block2_norm1", "stage1_block2_act1"),
        *("head_pool1", "logits", "probabilities"),
    ]


def test_run_stage_strides_in_its_first_block_only(layers) -> None:
    """A stage halves its map once, whatever its depth."""
    run_stage(layers, CONV, 1, "relu", layers.input)
    strides = [one.config["strides"] for one in layers.layers if one.kind == "Conv2D"]

    assert strides == [2, 1]


def test_run_stage_closes_once_after_its_last_block(layers) -> None:
    """Pre-activation blocks leave one norm for the end of the stage."""
    stage = CONV.model_copy(
        update={"block": "residual", "options": (("pre_activation", True),)}
    )
    run_stage(layers, stage, 3, "relu", layers.input)

    assert [one.name for one in layers.layers][-2:] == ["stage3_norm1", "stage3_act1"]


def test_run_closing_of_a_block_without_one_is_nothing(layers) -> None:
    """Most blocks need no closing."""
    assert run_closing(layers, CONV, "relu", layers.input) is layers.input
    assert layers.layers == []


def test_run_body_is_stem_and_stages_without_a_head(layers) -> None:
    """The last map, for those who count or draw it."""
    out = run_body(layers, net(), layers.input)

    assert out.shape == (2, 2, 16)
    assert not any(one.kind == "Dense" for one in layers.layers)


def test_run_stem_uses_the_activation_of_the_network(layers) -> None:
    """One activation throughout."""
    run_stem(layers, STEM, "swish", layers.input)

    assert layers.layers[-1].config == {"activation": "silu"}


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        (Head(), ["GlobalAveragePooling2D"]),
        (Head(pooling="flatten", dropout=0.5), ["Flatten", "Dropout"]),
        (Head(dense=7), ["GlobalAveragePooling2D", "Dense", "Activation"]),
    ],
)
def test_run_head_has_the_layers_it_is_asked_for(layers, head, kinds) -> None:
    """Pooling, an optional dense layer, optional dropout, then the scores."""
    out = run_head(layers, head, "relu", 4, layers.input)

    assert out.shape == (4,)
    assert [one.kind for one in layers.layers] == [*kinds, "Dense", "Activation"]


def test_run_head_on_a_pretrained_body_starts_from_zero(layers) -> None:
    """Features are normalised first, and the scores start at zero."""
    run_head(layers, Head(), "relu", 4, layers.input, pretrained=True)

    assert layers.layers[1].kind == "BatchNormalization"
    assert layers.layers[-2].config["kernel_initializer"] == "zeros"


def test_attender_of_none_leaves_the_map(layers) -> None:
    """Without an attention there is no layer."""
    assert attender(layers, "none", "relu")(layers.input) is layers.input


def test_attender_names_the_layers_by_the_attention(layers) -> None:
    """The gate of a block is found under `se`."""
    attender(layers, "se", "relu")(layers.input)

    assert {one.name.split("_")[0] for one in layers.layers} == {"se"}


@pytest.fixture
def broken() -> Iterator[str]:
    """Register a block that fails, then forget it."""

    @register_block("broken_block")
    def broken_block(layers, x, **_):
        raise TypeError("no such axis")

    yield "broken_block"
    forget_block("broken_block")


def test_run_block_that_fails_names_block_and_arguments(layers, broken) -> None:
    """The user of a custom block learns where and with what it failed."""
    stage = CONV.model_copy(update={"block": broken})

    with pytest.raises(SearchSpaceError, match=r"broken_block.*filters=16.*TypeError"):
        run_block(layers, stage, 1, "relu", layers.input)
