"""A larger network is a growth of a smaller one where no output would change."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.space.growing_graph import GrowthError
from kedro_nas.space.growth import may_grow, plan_growth
from kedro_nas.space.layer_graph import layer_graph
from kedro_nas.space.registry import forget_block, register_block


def network(block: str = "residual", **changes: Any) -> Architecture:
    """Make a network of two stages; `stage` has fields of the second."""
    stage = {"block": block, "depth": 1, "width": 16, "kernel_size": 3, "stride": 2}
    fields: dict[str, Any] = {
        "input_shape": (9, 9, 3),
        "n_classes": 4,
        "stem": Stem(width=8, kernel_size=3, stride=1),
        "head": Head(),
    }
    options = {
        "residual": (("pre_activation", False),),
        "convnext": (("expansion", 2),),
    }
    second = {"options": options.get(block, ()), **stage, **changes.pop("stage", {})}
    first = Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1)
    return Architecture(
        **{**fields, **changes}, stages=(first, Stage.model_validate(second))
    )


def test_growth_keeps_the_layers_of_the_smaller_network() -> None:
    """Each weighted layer of the smaller network inherits; new ones start neutral."""
    starts = plan_growth(network(), network(stage={"width": 24, "depth": 2}))
    inherited = {name for name, one in starts.items() if one.kind == "inherited"}
    weighted = {
        node.name
        for node in layer_graph(network()).values()
        if node.kind in {"Conv2D", "BatchNormalization", "Dense"}
    }

    assert inherited == weighted
    assert starts["stage2_block2_norm2"].kind == "zero"


@pytest.mark.parametrize(
    ("stride", "side", "offset"), [(1, 9, 1), (2, 9, 1), (2, 8, 1), (3, 9, 1)]
)
def test_growth_puts_a_kernel_where_it_reads_the_same_pixels(
    stride: int, side: int, offset: int
) -> None:
    """With `same` padding a kernel of 3 lies in one of 5 with a row on each side."""

    def made(kernel_size: int) -> Architecture:
        stem = Stem(width=8, kernel_size=kernel_size, stride=stride)
        return network(stem=stem, input_shape=(side, side, 3))

    assert plan_growth(made(3), made(5))["stem_conv1"].offset == (offset, offset)


def test_growth_from_one_pixel_at_a_stride_reads_the_first_of_them() -> None:
    """A 1x1 kernel of stride 2 reads the first pixel, not the middle of the larger."""

    def made(kernel_size: int) -> Architecture:
        return network(
            stem=Stem(width=8, kernel_size=kernel_size, stride=2),
            input_shape=(8, 8, 3),
        )

    assert plan_growth(made(1), made(3))["stem_conv1"].offset == (0, 0)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (network(), network()),
        (network(), network(stage={"width": 12})),
        (network(stage={"depth": 2}), network()),
        (network(), network(stage={"stride": 1})),
        (network(), network("bottleneck")),
        (network(), network(activation="swish")),
        (network(), network(head=Head(pooling="flatten"))),
        (network(), network(head=Head(dense=16))),
        (network(stage={"attention": "se"}), network(stage={"attention": "eca"})),
        (network(), network(n_classes=5)),
        (network(), network(input_shape=(8, 8, 3))),
    ],
)
def test_growth_of_another_network_is_refused(
    small: Architecture, large: Architecture
) -> None:
    """Equal, smaller and different networks are told apart by their values."""
    assert not may_grow(small, large)
    with pytest.raises(GrowthError, match="is no growth of"):
        plan_growth(small, large)


@pytest.mark.parametrize(
    ("small", "large", "reason"),
    [
        # layer norm: the mean over more channels is another one
        (network("convnext"), network("convnext", stage={"width": 24}), "norm2 reads"),
        (
            network(stage={"attention": "self_attention"}),
            network(stage={"attention": "self_attention", "width": 32}),
            "reads",
        ),
        (
            network(stage={"attention": "eca"}),
            network(stage={"attention": "eca", "width": 24}),
            "reads",
        ),
        # the activation of the block before is not the identity on its own outputs
        (
            network(activation="swish"),
            network(activation="swish", stage={"depth": 2}),
            "would apply an activation a second time",
        ),
        (
            network("conv", activation="gelu"),
            network("conv", activation="gelu", stage={"attention": "se"}),
            "cannot be scaled",
        ),
        # 16 channels in, 16 out: no projection; with 24 out there is one
        (
            network(stage={"stride": 1, "width": 8}),
            network(stage={"stride": 1, "width": 12}),
            "have no shortcut",
        ),
    ],
)
def test_growth_that_would_change_the_function_is_refused_with_the_reason(
    small: Architecture, large: Architecture, reason: str
) -> None:
    """What the values allow, the layers may not."""
    assert may_grow(small, large)
    with pytest.raises(GrowthError, match=reason):
        plan_growth(small, large)


def test_growth_of_a_custom_block_is_refused() -> None:
    """What a user's block makes of more channels is not known."""

    def mine(layers: Any, x: Any, *, filters: int, stride: int, **_: Any) -> Any:
        return layers.conv(x, filters, 3, stride=stride)

    register_block("mine", path="team:mine")(mine)
    try:
        paths = (("mine", "team:mine"),)
        small = network("mine", custom_blocks=paths)
        large = network("mine", custom_blocks=paths, stage={"width": 24})

        assert not may_grow(small, large)
        with pytest.raises(GrowthError, match="without custom blocks"):
            plan_growth(small, large)
    finally:
        forget_block("mine")
