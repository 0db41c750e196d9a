"""Convolutional block attention (CBAM): channels, then positions.

Source: Woo et al. (2018), https://arxiv.org/abs/1807.06521. The two channel
descriptors have separate dense layers instead of shared ones.
"""

from __future__ import annotations

from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_attention


@register_attention("cbam")
def cbam(layers: LayerVocabulary, x: Any, *, activation: str) -> Any:
    """Gate channels by mean and maximum, then positions by a 7x7 kernel."""
    channels = layers.shape(x)[-1]
    scores = [
        _score(layers, pooled, channels, activation)
        for pooled in (
            layers.global_average_pool(x, keep_axes=True),
            layers.global_max_pool(x, keep_axes=True),
        )
    ]
    x = layers.multiply(x, layers.activation(layers.add(*scores), "sigmoid"))
    where = layers.concatenate(layers.channel_mean(x), layers.channel_max(x))
    where = layers.conv(where, 1, 7, bias=True)
    return layers.multiply(x, layers.activation(where, "sigmoid"))


def _score(layers: LayerVocabulary, pooled: Any, channels: int, activation: str) -> Any:
    """Compute channel scores from one channel descriptor."""
    y = layers.conv(pooled, max(8, channels // 8), 1, bias=True)
    return layers.conv(layers.activation(y, activation), channels, 1, bias=True)
