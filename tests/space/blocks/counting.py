"""Running one block or attention by itself, for the tests of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kedro_nas.space.costs import Counter
from kedro_nas.space.layers import Layer
from kedro_nas.space.registry import find_attention, find_block


@dataclass(frozen=True)
class Counted:
    """What one block is made of.

    Attributes:
        layers: Its layers in order.
        params: All parameters.
        macs: Multiply-accumulates.
        depth: Weighted layers on the longest path.
        shape: Height, width, channels of the output.
        attended: Channels of the map the attention is given; None if it is not called.
    """

    layers: tuple[Layer, ...]
    params: int
    macs: int
    depth: int
    shape: tuple[int, ...]
    attended: int | None = None

    @property
    def kinds(self) -> list[str]:
        """Classes of the layers in order."""
        return [layer.kind for layer in self.layers]

    def biases(self) -> list[bool]:
        """Return for each convolution whether it has a bias."""
        return [one.config["use_bias"] for one in self.layers if "Conv" in one.kind]


class ListingCounter(Counter):
    """A counter that also keeps the layers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.layers: list[Layer] = []
        self.attended: int | None = None

    def apply(self, layer: Layer, *inputs: Any) -> Any:
        """Keep and count a layer."""
        self.layers.append(layer)
        return super().apply(layer, *inputs)

    def attend(self, x: Any) -> Any:
        """Note the channels an attention would see."""
        self.attended = x.shape[-1]
        return x

    def counted(self, out: Any) -> Counted:
        """Return what was counted up to a tensor."""
        return Counted(
            tuple(self.layers),
            self.params,
            self.macs,
            out.depth,
            out.shape,
            self.attended,
        )


def count_block(
    name: str,
    shape: tuple[int, int, int],
    filters: int,
    *,
    kernel_size: int = 3,
    stride: int = 1,
    **options: Any,
) -> Counted:
    """Count one block of a registered kind; options left out are the defaults."""
    block = find_block(name)
    layers = ListingCounter(shape)
    given = {key: values[0] for key, values in block.options.items()} | options
    out = block.function(
        layers,
        layers.input,
        filters=filters,
        kernel_size=kernel_size,
        stride=stride,
        activation="relu",
        attend=layers.attend,
        **given,
    )
    return layers.counted(out)


def count_closing(name: str, shape: tuple[int, int, int], **options: Any) -> Counted:
    """Count what a block adds once at the end of its stage."""
    closing = find_block(name).closing
    assert closing is not None
    layers = ListingCounter(shape)
    return layers.counted(closing(layers, layers.input, activation="relu", **options))


def count_attention(name: str, shape: tuple[int, int, int]) -> Counted:
    """Count one attention on a map."""
    layers = ListingCounter(shape)
    out = find_attention(name).function(layers, layers.input, activation="relu")
    return layers.counted(out)
