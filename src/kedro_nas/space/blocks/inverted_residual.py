"""Inverted residual: expand, convolve each channel, project, add the input.

Source: Sandler et al. (2018), https://arxiv.org/abs/1801.04381 (MobileNetV2); the
position of the attention, inside the expanded part: Tan & Le (2019),
https://arxiv.org/abs/1905.11946 (EfficientNet).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block(options={"expansion": (4, 2, 6)})
def inverted_residual(
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
    """Expand by 1x1, convolve depthwise, attend, project without activation."""
    channels = layers.shape(x)[-1]
    y = layers.batch_norm(layers.conv(x, channels * expansion, 1))
    y = layers.activation(y, activation)
    y = layers.batch_norm(layers.depthwise_conv(y, kernel_size, stride=stride))
    y = attend(layers.activation(y, activation))
    y = layers.batch_norm(layers.conv(y, filters, 1))
    return layers.add(y, x) if stride == 1 and channels == filters else y
