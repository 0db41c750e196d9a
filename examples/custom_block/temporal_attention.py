"""An attention block for image sequences and time series, written as 1 x T images.

Search with it by naming it in `conf/base/parameters_nas.yml`:

    nas:
      search_space:
        custom_blocks:
          temporal_attention:
            function: my_team.temporal_attention:temporal_attention
            options: {heads: [2, 4]}

It is then drawn, counted, bounded, trained, ranked and exported like any other block.
"""

from __future__ import annotations

from typing import Any

from keras import layers


def temporal_attention(
    x: Any, *, filters: int, kernel_size: int, stride: int, heads: int = 2
) -> Any:
    """Convolve along time, then let every step look at all others.

    Args:
        x: Keras tensor (batch, rows, steps, channels); a series has one row.
        filters: Channels of the result.
        kernel_size: Steps a convolution sees at once.
        stride: Steps per step of the result; rows are halved alike.
        heads: Number of attention heads, one of the block's options.
    """
    x = layers.Conv2D(filters, (1, kernel_size), strides=stride, padding="same")(x)
    x = layers.LayerNormalization()(x)
    rows, steps = x.shape[1:3]
    y = layers.Reshape((rows * steps, filters))(x)
    y = layers.MultiHeadAttention(heads, max(1, filters // heads))(y, y)
    y = layers.Reshape((rows, steps, filters))(y)
    return layers.Activation("relu")(layers.Add()([x, y]))
