"""Depthwise separable convolution: positions first, then channels.

Source: Chollet (2017), https://arxiv.org/abs/1610.02357 (Xception). As there, there
is no activation between the two parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block()
def separable(
    layers: LayerVocabulary,
    x: Any,
    *,
    filters: int,
    kernel_size: int,
    stride: int,
    activation: str,
    attend: Callable[[Any], Any],
) -> Any:
    """Convolve each channel, mix channels by 1x1, normalise, activate."""
    x = layers.depthwise_conv(x, kernel_size, stride=stride)
    x = layers.batch_norm(layers.conv(x, filters, 1))
    x = layers.activation(x, activation)
    return attend(x)
