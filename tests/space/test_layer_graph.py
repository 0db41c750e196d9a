"""The graph of a network has each layer once, with what it reads."""

from __future__ import annotations

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Backbone, Stage, Stem
from kedro_nas.space.costs import costs
from kedro_nas.space.formulas import layer_cost
from kedro_nas.space.layer_graph import PIXELS, layer_graph

NETWORK = Architecture(
    input_shape=(8, 8, 3),
    n_classes=4,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(
        Stage(
            block="residual",
            depth=2,
            width=16,
            kernel_size=3,
            stride=2,
            attention="se",
            options=(("pre_activation", False),),
        ),
    ),
)


def test_layers_read_earlier_ones_and_add_up_to_the_network() -> None:
    """The order is that of the computation; parameters are those of the formula."""
    graph = layer_graph(NETWORK)
    seen = {PIXELS}
    params = 0
    for name, node in graph.items():
        assert name == node.name
        assert set(node.inputs) <= seen
        shapes = [
            NETWORK.input_shape if one == PIXELS else graph[one].shape
            for one in node.inputs
        ]
        params += layer_cost(node.layer, list(shapes)).params
        seen.add(name)

    assert params == costs(NETWORK).params
    assert graph["stage1_block1_add1"].inputs == (
        "stage1_block1_se_gate1",
        "stage1_block1_norm3",
    )
    assert graph["probabilities"].shape == (4,)


def test_layers_of_a_pretrained_body_are_not_known() -> None:
    """They are not of the vocabulary."""
    network = NETWORK.model_copy(
        update={
            "stages": (),
            "backbone": Backbone(name="mobilenet_v2", kept=3, input_size=32),
        }
    )

    with pytest.raises(SearchSpaceError, match="mobilenet_v2 are not recorded"):
        layer_graph(network)
