"""Bfloat16 on CPUs: which have it in hardware, and what stays float32 there.

With the matrix units of AMX, steps of convolutional networks take half to two thirds of
the time (benchmarks/half_precision.py). TensorFlow has no fast kernel for depthwise
convolutions in bfloat16: in a separable network they took twice the time of the whole
step in float32, so they are computed in float32. Weight gradients over small maps are
matrix products (`weight_gradients`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kedro_nas.training.layer_lists import layers_of
from kedro_nas.training.weight_gradients import matrix_weight_gradients

CPU_INFO = Path("/proc/cpuinfo")
FLAG = "amx_bf16"


@lru_cache(maxsize=1)
def cpu_multiplies_bfloat16() -> bool:
    """Return whether this CPU has matrix units for bfloat16 that TensorFlow uses.

    Only Linux says what a CPU has. The choice is made by hardware and not by a
    measurement, as a measurement on a busy machine could end otherwise each time, and
    with it the results of the same seed.
    """
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" or not CPU_INFO.exists():
        return False
    return has_flag(CPU_INFO.read_text(errors="replace"))


def has_flag(cpu_info: str) -> bool:
    r"""Return whether a CPU's description names the matrix units.

    >>> has_flag("flags\t\t: fpu avx512_bf16 amx_tile amx_bf16\n")
    True
    >>> has_flag("flags\t\t: fpu avx512_bf16\n")
    False
    """
    found = re.search(r"^flags\s*:(.*)$", cpu_info, re.MULTILINE)
    return found is not None and FLAG in found.group(1).split()


@contextmanager
def half_kernels(model: Any, *, inference: bool) -> Iterator[None]:
    """Use what is fast in bfloat16 in graphs that are traced for CPUs within the block.

    Args:
        model: A built `keras.Model`; without layers in bfloat16 nothing changes.
        inference: Whether no gradients are computed.
    """
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        yield
        return
    gradients = nullcontext() if inference else matrix_weight_gradients(model)
    with float32_depthwise(model), gradients:
        yield


@contextmanager
def float32_depthwise(model: Any) -> Iterator[None]:
    """Compute depthwise convolutions in float32 in graphs traced within the block.

    Args:
        model: A built `keras.Model` of any precision.
    """
    import keras

    layers = [
        layer
        for layer in layers_of(model)
        if type(layer) is keras.layers.DepthwiseConv2D
        and layer.compute_dtype == "bfloat16"
        and layer.data_format == "channels_last"
    ]
    for layer in layers:
        layer.call = partial(_convolve, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _convolve(layer: Any, inputs: Any) -> Any:
    import keras
    import tensorflow as tf

    outputs = keras.ops.depthwise_conv(
        tf.cast(inputs, tf.float32),
        tf.cast(layer.kernel.value, tf.float32),  # Keras gives it in bfloat16
        strides=layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        data_format=layer.data_format,
    )
    if layer.use_bias:
        outputs += tf.cast(layer.bias.value, tf.float32)
    return layer.activation(tf.cast(outputs, inputs.dtype))
