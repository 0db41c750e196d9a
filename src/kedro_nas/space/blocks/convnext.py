"""ConvNeXt-style block: a wide depthwise kernel, one norm, one activation.

Source: Liu et al. (2022), https://arxiv.org/abs/2201.03545. Differences:
no learned scale per channel, which matters for much deeper networks only, and the
activation is the one chosen for the network instead of GELU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block(options={"expansion": (4, 2)})
def convnext(
    layers: LayerVocabulary,
    x: Any,
    *,
    filters: int,
    kernel_size: int,
    stride: int,
    activation: str,
    attend: Callable[[Any], Any],
    expansion: int,
) -> Any:
    """Add a depthwise convolution and two 1x1 layers to the input."""
    if stride > 1 or layers.shape(x)[-1] != filters:
        x = layers.conv(layers.layer_norm(x), filters, stride, stride=stride, bias=True)
    y = layers.layer_norm(layers.depthwise_conv(x, kernel_size, bias=True))
    y = layers.conv(y, filters * expansion, 1, bias=True)
    y = layers.conv(layers.activation(y, activation), filters, 1, bias=True)
    return layers.add(attend(y), x)
