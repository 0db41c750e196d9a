"""Inverted residual with one full convolution for expansion and depthwise part.

Source: Tan & Le (2021), https://arxiv.org/abs/2104.00298 (EfficientNetV2): faster
than depthwise on processors that multiply matrices well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block(options={"expansion": (2, 4)})
def fused_inverted_residual(
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
    """Expand by a full convolution, attend, project without activation."""
    channels = layers.shape(x)[-1]
    y = layers.conv(x, channels * expansion, kernel_size, stride=stride)
    y = attend(layers.activation(layers.batch_norm(y), activation))
    y = layers.batch_norm(layers.conv(y, filters, 1))
    return layers.add(y, x) if stride == 1 and channels == filters else y
