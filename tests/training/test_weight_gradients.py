"""Weight gradients as matrix products, against TensorFlow's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.training.weight_gradients import convolve, matrix_weight_gradients


def _gradients(
    size: tuple[int, int], stride: int, padding: str, *, ours: bool
) -> list[np.ndarray]:
    """Return output and gradients of a convolution in float32."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(3, *size, 4)).astype(np.float32))
    kernel = tf.constant(rng.normal(size=(3, 3, 4, 5)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        if ours:
            y = convolve(x, kernel, stride=stride, padding=padding)
        else:
            y = tf.nn.conv2d(x, kernel, stride, padding.upper())
        weights = tf.constant(rng.normal(size=y.shape).astype(np.float32))
        total = tf.reduce_sum(y * weights)
    return [np.asarray(y), *map(np.asarray, tape.gradient(total, [x, kernel]))]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(7, 7), (8, 8), (4, 4), (3, 5), (6, 7), (1, 2)])
def test_convolve_has_the_gradients_of_tensorflow(
    size: tuple[int, int], stride: int, padding: str
) -> None:
    """Even and odd sizes, oblong maps, maps smaller than the kernel, both paddings."""
    if padding == "valid" and min(size) < 3:
        pytest.skip("the kernel does not fit")
    ours = _gradients(size, stride, padding, ours=True)
    theirs = _gradients(size, stride, padding, ours=False)

    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def _model(dtype: str) -> Any:
    import keras

    pixels = keras.Input((15, 15, 32), dtype="float32")
    conv = keras.layers.Conv2D
    large = conv(32, 3, padding="same", dtype=dtype, name="large")(pixels)
    small = conv(40, 3, strides=2, activation="relu", dtype=dtype, name="small")(large)
    pointwise = conv(40, 1, dtype=dtype, name="pointwise")(small)
    grouped = conv(40, 3, groups=2, dtype=dtype, name="grouped")(pointwise)
    model = keras.Model(pixels, grouped)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.1, w.shape) for w in model.get_weights()])
    return model


def _changed(model: Any) -> list[str]:
    with matrix_weight_gradients(model):
        return [layer.name for layer in model.layers if "call" in vars(layer)]


def test_matrix_weight_gradients_are_for_small_maps_in_bfloat16() -> None:
    """Large maps, other kernels, groups and float32 keep TensorFlow's kernel."""
    model = _model("mixed_bfloat16")

    assert _changed(model) == ["small"]
    assert _changed(_model("float32")) == []
    assert not any("call" in vars(layer) for layer in model.layers)


def test_matrix_weight_gradients_leave_the_outputs_of_a_model() -> None:
    """Bias and activation included; the gradients agree to bfloat16's digits."""
    import tensorflow as tf

    model = _model("mixed_bfloat16")
    pixels = tf.constant(
        np.random.default_rng(1).normal(size=(4, 15, 15, 32)).astype(np.float32)
    )

    def run() -> tuple[np.ndarray, list[np.ndarray]]:
        with tf.GradientTape() as tape:
            y = tf.cast(model(pixels, training=True), tf.float32)
            total = tf.reduce_mean(y * y)
        found = tape.gradient(total, [v.value for v in model.trainable_variables])
        return np.asarray(y), [np.asarray(tf.cast(g, tf.float32)) for g in found]

    outputs, gradients = run()
    with matrix_weight_gradients(model):
        ours, our_gradients = run()

    np.testing.assert_array_equal(outputs, ours)
    for one, other in zip(our_gradients, gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=0.03 * np.abs(other).max() + 1e-6)
