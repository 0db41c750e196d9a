"""Squeeze-and-excitation (SE): channel weights from the channel means.

Source: Hu et al. (2018), https://arxiv.org/abs/1709.01507, reduction 4 as in
MobileNetV3 (https://arxiv.org/abs/1905.02244), at least 8 units.
"""

from __future__ import annotations

from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_attention


@register_attention("se")
def squeeze_excitation(layers: LayerVocabulary, x: Any, *, activation: str) -> Any:
    """Gate each channel by two dense layers over the channel means."""
    channels = layers.shape(x)[-1]
    gate = layers.global_average_pool(x, keep_axes=True)
    gate = layers.conv(gate, max(8, channels // 4), 1, bias=True)
    gate = layers.conv(layers.activation(gate, activation), channels, 1, bias=True)
    return layers.multiply(x, layers.activation(gate, "sigmoid"))
