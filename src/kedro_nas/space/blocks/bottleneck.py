"""Residual block with fewer channels inside than at its output.

Source: He et al. (2016), https://arxiv.org/abs/1512.03385, figure 5 (`reduction` 4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.blocks.residual import close_pre_activation, shortcut
from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block(
    options={"reduction": (4, 2), "pre_activation": (False, True)},
    closing=close_pre_activation,
)
def bottleneck(
    layers: LayerVocabulary,
    x: Any,
    *,
    filters: int,
    kernel_size: int,
    stride: int,
    activation: str,
    attend: Callable[[Any], Any],
    reduction: int,
    pre_activation: bool,
) -> Any:
    """Reduce by 1x1, convolve, expand by 1x1, add the shortcut."""
    inner = max(1, filters // reduction)
    steps = ((inner, 1, 1), (inner, kernel_size, stride), (filters, 1, 1))
    y = x
    for number, (width, kernel, step) in enumerate(steps):
        if pre_activation:
            y = layers.activation(layers.batch_norm(y), activation)
            y = layers.conv(y, width, kernel, stride=step)
        else:
            y = layers.batch_norm(layers.conv(y, width, kernel, stride=step))
            y = layers.activation(y, activation) if number < len(steps) - 1 else y
    y = attend(y)
    y = layers.add(y, shortcut(layers, x, filters=filters, stride=stride))
    return y if pre_activation else layers.activation(y, activation)
