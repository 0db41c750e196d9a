"""Multi-head self-attention over the positions of a small feature map.

Source: Vaswani et al. (2017), https://arxiv.org/abs/1706.03762; on convolutional
maps at low resolution: Srinivas et al. (2021), https://arxiv.org/abs/2101.11605.
There is no position encoding: the surrounding convolutions provide positions (CoAtNet,
https://arxiv.org/abs/2106.04803).
"""

from __future__ import annotations

from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_attention

# 14 x 14: on larger maps its quadratic cost exceeds that of the convolutions.
MAX_POSITIONS = 196
HEAD_WIDTH = 16


@register_attention("self_attention", max_positions=MAX_POSITIONS)
def self_attention(layers: LayerVocabulary, x: Any, *, activation: str) -> Any:
    """Add the attention over all positions to each position."""
    height, width, channels = layers.shape(x)
    heads = max(1, min(4, channels // HEAD_WIDTH))
    y = layers.reshape(layers.layer_norm(x), (height * width, channels))
    y = layers.self_attention(y, heads=heads, key_width=HEAD_WIDTH)
    return layers.add(x, layers.reshape(y, (height, width, channels)))
