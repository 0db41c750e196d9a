"""Batch normalisation as one fused kernel while a learner's graphs are traced.

Keras builds the layer from some forty nodes, forward and backward; benchmarks/graphs.py
measures what one kernel saves in tracing, steps and predictions. Weights, statistics
and the saved model remain those of Keras: only these graphs differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from kedro_nas.training.layer_lists import layers_of


@contextmanager
def fused_batch_norms(model: Any, *, inference: bool) -> Iterator[None]:
    """Use the fused kernel for batch normalisation within the `with` block.

    Args:
        model: A built `keras.Model`; layers with options that the kernel does not
            support (another axis, renormalisation, masks) are not replaced.
        inference: Whether to replace layers that use their moving statistics, too.
            False where gradients are computed: on a GPU the kernel's gradient with
            fixed statistics is not deterministic, and TensorFlow refuses it.
    """
    layers = [layer for layer in layers_of(model) if _is_plain(layer)]
    for layer in layers:
        layer.call = partial(_call, layer, layer.call, inference)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _is_plain(layer: Any) -> bool:
    import keras

    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.axis in (-1, 3)
        and layer.scale
        and layer.center
        and not getattr(layer, "renorm", False)  # Keras 3.12 does not have it
        and not getattr(layer, "synchronized", False)
    )


def _call(
    layer: Any,
    spelled_out: Callable[..., Any],
    inference: bool,
    inputs: Any,
    training: bool | None = None,
    mask: Any = None,
) -> Any:
    import tensorflow as tf

    learns = bool(training and layer.trainable)
    dtypes = [tf.float32, tf.float16]
    if not tf.config.list_physical_devices("GPU"):
        dtypes.append(tf.bfloat16)
    fits = len(inputs.shape) == 4 and inputs.dtype in dtypes
    if mask is not None or not fits or not (learns or inference):
        return spelled_out(inputs, training=training, mask=mask)
    moving = (layer.moving_mean, layer.moving_variance)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma.value,
        offset=layer.beta.value,
        mean=[] if learns else moving[0].value,
        variance=[] if learns else moving[1].value,
        epsilon=layer.epsilon,
        is_training=learns,
    )
    if learns:
        # the kernel gives the variance over n - 1, Keras keeps the one over n
        biased = 1.0 - inputs.shape[-1] / tf.cast(tf.size(inputs), tf.float32)
        for variable, batch in zip(moving, (mean, variance * biased), strict=True):
            step = (variable.value - batch) * (1.0 - layer.momentum)
            variable.value.assign_sub(step)
    return outputs
