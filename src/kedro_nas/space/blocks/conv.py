"""Plain convolution, norm, activation.

Source: Simonyan & Zisserman (2015), https://arxiv.org/abs/1409.1556 (the stack of
convolutions); Ioffe & Szegedy (2015), https://arxiv.org/abs/1502.03167 (the norm).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import register_block


@register_block()
def conv(
    layers: LayerVocabulary,
    x: Any,
    *,
    filters: int,
    kernel_size: int,
    stride: int,
    activation: str,
    attend: Callable[[Any], Any],
) -> Any:
    """Convolve, normalise, activate; fast on any processor."""
    x = layers.conv(x, filters, kernel_size, stride=stride)
    x = layers.batch_norm(x)
    x = layers.activation(x, activation)
    return attend(x)
