"""Two networks side by side: what is new, who reads it, with what it starts."""

from __future__ import annotations

import pytest

from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.space.growing_graph import GrowingGraph, GrowthError, LayerStart
from kedro_nas.space.layer_graph import PIXELS


def _network(depth: int, dropout: float) -> Architecture:
    stage = Stage(block="conv", depth=depth, width=8, kernel_size=3, stride=1)
    return Architecture(
        input_shape=(8, 8, 3),
        n_classes=4,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(stage,),
        head=Head(dropout=dropout, pooling="flatten"),
    )


def test_dropout_is_no_difference() -> None:
    """It changes no output, so a network with it may grow from one without."""
    graph = GrowingGraph.of(_network(1, 0.0), _network(1, 0.5))

    assert list(graph.small) == list(graph.large)
    assert graph.small["logits"].inputs == graph.large["logits"].inputs


def test_new_layers_and_their_readers() -> None:
    """A second block is new, and what follows reads it."""
    graph = GrowingGraph.of(_network(1, 0.0), _network(2, 0.0))

    assert graph.is_new("stage1_block2_conv1")
    assert not graph.is_new("stage1_block1_conv1")
    assert not graph.is_new(PIXELS)
    assert graph.readers("stage1_block1_act1") == ["stage1_block2_conv1"]
    assert graph.readers("stage1_block2_act1") == ["head_flatten1"]


def test_shape_that_a_layer_reads_is_that_of_the_map_before_it_was_flattened() -> None:
    """Its channels have to be told apart from its positions."""
    graph = GrowingGraph.of(_network(1, 0.0), _network(2, 0.0))

    assert graph.read_shape(graph.large["logits"], is_large=True) == (8, 8, 8)
    assert graph.read_shape(graph.small["stem_conv1"], is_large=False) == (8, 8, 3)


def test_factors_multiply_and_belong_to_starts() -> None:
    """Two gates after one layer quadruple it; a layer with fresh weights has none."""
    graph = GrowingGraph.of(_network(1, 0.0), _network(2, 0.0))
    graph.starts["stem_norm1"] = LayerStart("inherited")
    for name in ("stem_norm1", "stem_norm1", "stage1_block2_norm1"):
        graph.scale(name, 2.0)

    assert graph.scaled_starts() == {"stem_norm1": LayerStart("inherited", scale=4.0)}


def test_pixels_are_made_by_no_layer() -> None:
    """A new layer cannot pass them on."""
    graph = GrowingGraph.of(_network(1, 0.0), _network(2, 0.0))

    assert graph.source("stem_conv1").kind == "Conv2D"
    with pytest.raises(GrowthError, match="reads the pixels"):
        graph.source(PIXELS)
