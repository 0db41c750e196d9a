"""Residual block: two convolutions and a shortcut.

Source: He et al. (2016), https://arxiv.org/abs/1512.03385 (order: convolution
first) and https://arxiv.org/abs/1603.05027 (`pre_activation`: norm first).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


def close_pre_activation(
    layers: LayerVocabulary, x: Any, *, activation: str, pre_activation: bool, **_: Any
) -> Any:
    """Normalise and activate the sum at the end of a stage of pre-activation blocks."""
    if not pre_activation:
        return x
    return layers.activation(layers.batch_norm(x), activation)


def shortcut(layers: LayerVocabulary, x: Any, *, filters: int, stride: int) -> Any:
    """Return the input, projected by a 1x1 convolution if the shape changes."""
    if stride == 1 and layers.shape(x)[-1] == filters:
        return x
    return layers.batch_norm(layers.conv(x, filters, 1, stride=stride))


@register_block(options={"pre_activation": (False, True)}, closing=close_pre_activation)
def residual(
    layers: LayerVocabulary,
    x: Any,
    *,
    filters: int,
    kernel_size: int,
    stride: int,
    activation: str,
    attend: Callable[[Any], Any],
    pre_activation: bool,
) -> Any:
    """Add two convolutions to the shortcut."""
    if pre_activation:
        y = layers.activation(layers.batch_norm(x), activation)
        y = layers.conv(y, filters, kernel_size, stride=stride)
        y = layers.activation(layers.batch_norm(y), activation)
        y = attend(layers.conv(y, filters, kernel_size))
        return layers.add(y, shortcut(layers, x, filters=filters, stride=stride))
    y = layers.conv(x, filters, kernel_size, stride=stride)
    y = layers.activation(layers.batch_norm(y), activation)
    y = layers.batch_norm(layers.conv(y, filters, kernel_size))
    y = attend(y)
    y = layers.add(y, shortcut(layers, x, filters=filters, stride=stride))
    return layers.activation(y, activation)
