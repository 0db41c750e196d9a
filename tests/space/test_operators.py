"""`kedro_nas.space.operators`: what is left of a network in a LiteRT file."""

from __future__ import annotations

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.space.architecture import Architecture, Backbone, Head, Stage, Stem
from kedro_nas.space.costs import costs
from kedro_nas.space.operator_model import amounts
from kedro_nas.space.operators import Operator, list_operators


def network(block: str = "conv", *, activation: str = "relu", **stage) -> Architecture:
    return Architecture(
        input_shape=(16, 16, 3),
        n_classes=5,
        stem=Stem(width=8, kernel_size=3, stride=2),
        stages=(
            Stage(
                block=block,
                **({"depth": 1, "width": 16, "kernel_size": 3, "stride": 1} | stage),
            ),
        ),
        head=Head(dropout=0.2),
        activation=activation,
    )


def kinds(architecture: Architecture) -> list[str]:
    return [operator.kind for operator in list_operators(architecture)]


def test_norm_and_relu_after_a_convolution_are_part_of_it() -> None:
    """Of a plain network only what LiteRT executes is left, dropout is gone."""
    found = list_operators(network())

    assert [one.kind for one in found] == [
        "batch_norm",
        "conv",
        "conv",
        "global_average_pool",
        "dense",
        "softmax",
    ]
    assert found[1] == Operator("conv", 16, 16, 3, 8, 3, 2)
    assert found[2] == Operator("conv", 8, 8, 8, 16, 3, 1)


def test_an_activation_that_cannot_be_absorbed_is_an_operator() -> None:
    """Swish takes a pass of its own over the map."""
    assert kinds(network(activation="swish")).count("silu") == 2
    assert "relu" not in kinds(network())


def test_a_norm_before_a_convolution_is_an_operator() -> None:
    """Pre-activation norms cannot be folded into weights."""
    after = kinds(network("residual", options=(("pre_activation", False),)))
    before = kinds(network("residual", options=(("pre_activation", True),)))

    assert after.count("batch_norm") == 1
    assert before.count("batch_norm") == 3


def test_an_attention_is_listed_with_its_heads() -> None:
    """The time of self-attention depends on the number of heads."""
    found = list_operators(network(attention="self_attention", width=32))
    attention = next(one for one in found if one.kind == "attention")

    assert (attention.height, attention.channels) == (64, 32)
    assert (attention.filters, attention.kernel) == (32, 2)


def test_operators_have_all_multiply_accumulates_of_the_formulas() -> None:
    """No convolution is lost or listed twice, over the whole vocabulary."""
    for one in draw_networks([(32, 32, 3), (17, 23, 1)], 60, 0):
        listed = sum(
            amounts(operator)[1] + sum(amounts(operator)[2:4])
            if operator.kind == "depthwise"
            else amounts(operator)[1]
            for operator in list_operators(one)
        )

        assert listed == costs(one).macs


def test_a_backbone_cannot_be_listed() -> None:
    """What is only known once it is built is refused with the reason."""
    body = Backbone(name="mobilenet_v2", kept=3, input_size=96)
    one = network().model_copy(update={"stages": (), "backbone": body})

    with pytest.raises(SearchSpaceError, match="mobilenet_v2"):
        list_operators(one)
