"""Efficient channel attention (ECA): a small kernel along the channels.

Source: Wang et al. (2020), https://arxiv.org/abs/1910.03151, equation 12 for the
kernel (gamma 2, b 1).
"""

from __future__ import annotations

import math
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_attention


@register_attention("eca")
def efficient_channel_attention(
    layers: LayerVocabulary, x: Any, *, activation: str
) -> Any:
    """Gate each channel by a convolution along the channel means."""
    channels = layers.shape(x)[-1]
    kernel = int(abs((math.log2(channels) + 1) / 2))
    kernel = max(3, kernel + 1 - kernel % 2)
    gate = layers.reshape(layers.global_average_pool(x), (channels, 1))
    gate = layers.activation(layers.conv1d(gate, 1, kernel), "sigmoid")
    return layers.multiply(x, layers.reshape(gate, (1, 1, channels)))
