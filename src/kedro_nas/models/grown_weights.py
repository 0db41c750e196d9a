"""Gives a grown network the function of the smaller one that was trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.errors import TrainingError
from kedro_nas.space.growing_graph import LayerStart

Weights = Mapping[str, NDArray[Any]]
"""Weights of a model by the path of their variable, e.g. `stem_conv1/kernel`."""

_LAST_PROJECTION = "attention_output"  # of Keras' MultiHeadAttention
_KERNEL_RANK = 4  # of a convolution
_SCALED = frozenset({"kernel", "bias", "gamma", "beta"})


def weights_by_path(model: Any) -> dict[str, NDArray[Any]]:
    """Return all weights of a model by the path of their variable."""
    return {variable.path: np.array(variable) for variable in model.variables}


def start_grown(model: Any, starts: Mapping[str, LayerStart], small: Weights) -> None:
    """Set the weights of a grown network, so that it computes what the smaller one did.

    Args:
        model: The larger Keras model, with fresh weights.
        starts: From `space.growth.plan_growth`.
        small: Weights of the smaller model.

    Raises:
        TrainingError: A weight of the smaller model is missing or has another shape
            than its architecture says.
    """
    later = []
    for name, start in starts.items():
        layer = model.get_layer(name)
        if start.kind == "undone_norm":
            later.append((layer, start))  # it reads the weights of another norm
            continue
        for variable in layer.weights:
            fresh = np.array(variable)
            variable.assign(_first_values(variable, fresh, layer, start, small))
    for layer, start in later:
        _undo_norm(layer, model.get_layer(start.norm), start.scale)


def _first_values(
    variable: Any, fresh: NDArray[Any], layer: Any, start: LayerStart, small: Weights
) -> NDArray[Any]:
    """Return the first values of one variable of a layer."""
    word = variable.path.rsplit("/", 1)[-1]
    if start.kind == "zero":
        return fresh if word.startswith("moving") else np.zeros_like(fresh)
    if start.kind == "zero_output":
        return np.zeros_like(fresh) if _LAST_PROJECTION in variable.path else fresh
    if start.kind == "identity":
        return start.scale * _identity(fresh)
    old = small.get(variable.path)
    if old is None:
        raise TrainingError(f"the inherited weights lack {variable.path}")
    old = old * start.scale if word in _SCALED else old
    try:
        return _placed(
            old, fresh, start, is_depthwise=type(layer).__name__ == "DepthwiseConv2D"
        )
    except ValueError as error:
        raise TrainingError(
            f"the inherited weights {variable.path} do not fit",
            received=f"{old.shape} for {fresh.shape}",
        ) from error


def _placed(
    old: NDArray[Any], fresh: NDArray[Any], start: LayerStart, *, is_depthwise: bool
) -> NDArray[Any]:
    """Return fresh weights with the old ones in their place.

    Old outputs read nothing but old inputs; new outputs keep their fresh weights.
    """
    if old.shape == fresh.shape:
        return old
    if old.ndim == 1:
        return np.concatenate([old, fresh[len(old) :]])
    grown = fresh.copy()
    if old.ndim != _KERNEL_RANK:
        n, (inputs, outputs) = start.positions, old.shape
        by_position = grown.reshape(n, -1, grown.shape[-1])
        by_position[..., :outputs] = 0
        by_position[:, : inputs // n, :outputs] = old.reshape(n, -1, outputs)
        return by_position.reshape(fresh.shape)
    (top, left), (height, width, inputs, outputs) = start.offset, old.shape
    if is_depthwise:
        grown[:, :, :inputs] = 0
    else:
        grown[..., :outputs] = 0
    grown[top : top + height, left : left + width, :inputs, :outputs] = old
    return grown


def _identity(fresh: NDArray[Any]) -> NDArray[Any]:
    """Return the weights of a convolution that gives back what it reads."""
    values = np.zeros_like(fresh)
    if fresh.ndim == 1:
        return values
    height, width, inputs, outputs = fresh.shape
    middle = (height - 1) // 2, (width - 1) // 2
    values[middle] = np.eye(inputs) if outputs == inputs else 1.0
    return values


def _undo_norm(layer: Any, earlier: Any, scale: float) -> None:
    """Let a norm give back the activated outputs of an earlier norm.

    Their mean and variance follow from the scale and shift of the earlier norm, as
    its outputs are about normally distributed before relu. What it gives back in
    inference does not depend on how well this holds.
    """
    shift = np.array(earlier.beta, np.float64)
    spread = np.maximum(np.abs(np.array(earlier.gamma, np.float64)), 1e-6)
    z = shift / spread
    below = np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in z])
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    mean = shift * below + spread * density
    square = (shift**2 + spread**2) * below + shift * spread * density
    variance = np.maximum(square - mean**2, 0)
    layer.gamma.assign(scale * np.sqrt(variance + layer.epsilon))
    layer.beta.assign(scale * mean)
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
