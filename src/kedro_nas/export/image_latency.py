"""Latency: how long one image takes on this machine."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

WARM_UP = 10
RUNS = 100


def measure_latency(model: Any, *, runs: int = RUNS) -> dict[str, float]:
    """Time a Keras model on single images, as a compiled graph.

    Args:
        model: Takes raw pixels, float32 `(1, height, width, channels)`.
        runs: Timed calls, after ten calls of warm-up.

    Returns:
        `latency_s_p50` and `latency_s_p90`: median and 90th percentile, seconds, of
        this machine with all its threads. Other devices have to be measured separately.
    """
    import tensorflow as tf

    shape = (1, *model.input_shape[1:])
    call = tf.function(
        lambda x: model(x, training=False),
        autograph=False,
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )
    pixels = tf.constant(np.zeros(shape, np.float32))
    for _ in range(WARM_UP):
        call(pixels).numpy()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        call(pixels).numpy()
        taken.append(time.perf_counter() - began)
    return {
        "latency_s_p50": float(np.median(taken)),
        "latency_s_p90": float(np.percentile(taken, 90)),
    }
