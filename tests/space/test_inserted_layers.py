"""New blocks and attentions start so that they pass on what they read."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.growing_graph import GrowingGraph, GrowthError, LayerStart
from kedro_nas.space.inserted_layers import start_inserted_layers
from kedro_nas.space.registry import find_block


def _network(block: str, **changes: Any) -> Architecture:
    activation = changes.pop("activation", "relu")
    options = {name: values[0] for name, values in find_block(block).options.items()}
    stage = {"block": block, "depth": 1, "width": 16, "kernel_size": 3, "stride": 1}
    stage |= {"options": tuple(sorted(options.items())), **changes}
    return Architecture(
        input_shape=(8, 8, 3),
        n_classes=4,
        stem=Stem(width=16, kernel_size=3, stride=1),
        stages=(Stage.model_validate(stage),),
        activation=activation,
    )


def _started(
    block: str, before: dict[str, Any], **changes: Any
) -> tuple[GrowingGraph, dict[str, str]]:
    graph = GrowingGraph.of(
        _network(block, **before), _network(block, **{**before, **changes})
    )
    return graph, start_inserted_layers(graph)


@pytest.mark.parametrize(
    ("block", "last"),
    [
        ("residual", "norm2"),
        ("bottleneck", "norm3"),
        ("inverted_residual", "norm3"),
        ("fused_inverted_residual", "norm2"),
        ("convnext", "conv2"),
    ],
)
def test_new_block_with_a_shortcut_ends_in_zeros(block: str, last: str) -> None:
    """Its branch adds nothing until the last layer has learned something."""
    graph, passes = _started(block, {}, depth=2)

    assert graph.starts == {f"stage1_block2_{last}": LayerStart("zero")}
    assert (
        list(passes.values())
        == [
            node.name
            for node in graph.small.values()
            if node.name.startswith("stage1_block1")
        ][-1:]
    )


def test_new_plain_blocks_are_the_identity() -> None:
    """Each undoes its norm by the statistics of the last old one."""
    graph, passes = _started("conv", {}, depth=3)
    undone = LayerStart("undone_norm", norm="stage1_block1_norm1")

    assert graph.starts == {
        "stage1_block2_conv1": LayerStart("identity"),
        "stage1_block2_norm1": undone,
        "stage1_block3_conv1": LayerStart("identity"),
        "stage1_block3_norm1": undone,
    }
    assert passes == {
        "stage1_block2_act1": "stage1_block1_act1",
        "stage1_block3_act1": "stage1_block2_act1",
    }


@pytest.mark.parametrize(
    ("attention", "factor", "zeros"),
    [
        ("se", 2.0, {"se_conv2"}),
        ("eca", 2.0, {"eca_conv1"}),
        ("cbam", 4.0, {"cbam_conv2", "cbam_conv4", "cbam_conv5"}),
    ],
)
def test_new_gates_are_half_open_and_made_up_for(
    attention: str, factor: float, zeros: set[str]
) -> None:
    """The norm before the gates gives as many times more."""
    graph, _ = _started("residual", {}, attention=attention)

    assert {
        name.removeprefix("stage1_block1_")
        for name, start in graph.starts.items()
        if start.kind == "zero"
    } == zeros
    assert graph.factors == {"stage1_block1_norm2": factor}


def test_new_self_attention_adds_nothing() -> None:
    """Its last projection is zero, queries and keys are fresh."""
    graph, _ = _started("residual", {}, attention="self_attention")
    (start,) = graph.starts.values()

    assert start == LayerStart("zero_output")


@pytest.mark.parametrize(
    ("block", "before", "changes", "reason"),
    [
        ("conv", {"activation": "gelu"}, {"depth": 2}, "a second time"),
        ("residual", {"activation": "swish"}, {"depth": 2}, "a second time"),
        ("conv", {"activation": "gelu"}, {"attention": "se"}, "cannot be scaled"),
        ("conv", {"attention": "se"}, {"depth": 2}, "a second time"),
    ],
)
def test_new_layers_that_would_change_outputs_are_refused(
    block: str, before: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    """The reason is named, for who wonders why a network was not grown."""
    with pytest.raises(GrowthError, match=reason):
        _started(block, before, **changes)
