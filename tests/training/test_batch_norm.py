"""Batch norm as one kernel, against Keras' own layer."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from kedro_nas.training.batch_norm import fused_batch_norms

SHAPE = (6, 5, 4, 3)


def images() -> Any:
    """Draw a batch far from mean 0 and variance 1."""
    rng = np.random.default_rng(0)
    return rng.normal(3.0, 2.0, SHAPE).astype(np.float32)


def network(norm: dict[str, Any], dtype: str = "float32") -> Any:
    """Build a model around one batch norm whose weights are not the initial ones."""
    import keras

    pixels = keras.Input(SHAPE[1:])
    layer = keras.layers.BatchNormalization(
        **({"momentum": 0.7} | norm), name="norm", dtype=dtype
    )
    model = keras.Model(pixels, layer(pixels))
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.5, 2.0, w.shape) for w in model.get_weights()])
    return model


def trace(model: Any, *, training: bool) -> Any:
    """Compile outputs, and the gradients where it is trained."""
    import tensorflow as tf

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(model(x, training=training), tf.float32)
            loss = tf.reduce_sum(y * tf.sin(tf.cast(x, tf.float32)))
        wanted = [x, *(v.value for v in model.trainable_variables)]
        return [y, *tape.gradient(loss, wanted)] if training else [y]

    pixels = tf.TensorSpec([None, *SHAPE[1:]], tf.float32)
    return tf.function(run, autograph=False).get_concrete_function(pixels)


def kernels(graph: Any) -> int:
    """Count the fused kernels of a traced function."""
    nodes = graph.graph.as_graph_def().node
    return sum(node.op == "FusedBatchNormV3" for node in nodes)


def run(norm: dict[str, Any], *, fused: bool, training: bool, **how: Any) -> list[Any]:
    """Give outputs, gradients and the weights afterwards."""
    import tensorflow as tf

    model = network(norm)
    if how.get("frozen"):
        model.get_layer("norm").trainable = False
    if fused:
        with fused_batch_norms(model, inference=how.get("inference", False)):
            graph = trace(model, training=training)
        assert kernels(graph) == how["expected"]
    else:
        graph = trace(model, training=training)
    found = graph(tf.constant(images()))
    return [*(np.asarray(value) for value in found), *model.get_weights()]


def stop_within(model: Any) -> None:
    """Fail while the layers are replaced."""
    with fused_batch_norms(model, inference=True):
        raise RuntimeError("planted")


@pytest.mark.parametrize("training", [True, False])
def test_fused_batch_norms_equal_keras(training: bool) -> None:
    """Outputs, gradients and moving statistics are those of Keras' layer."""
    ours = run({}, fused=True, training=training, inference=True, expected=1)
    theirs = run({}, fused=False, training=training)
    assert len(ours) == len(theirs) == (8 if training else 5)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-5)


def test_fused_batch_norms_keep_half_precision_close_to_keras() -> None:
    """In float16 outputs stay float16 and within its rounding of Keras' layer."""
    import tensorflow as tf

    found = []
    for fused in (True, False):
        model = network({}, dtype="mixed_float16")
        x = tf.constant(images())
        if fused:
            with fused_batch_norms(model, inference=False):
                y = model(x, training=True)
        else:
            y = model(x, training=True)
        assert y.dtype == tf.float16
        found.append([np.asarray(y, np.float32), *model.get_weights()])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize(
    ("norm", "how"),
    [
        ({"axis": 1}, {}),
        ({"scale": False}, {}),
        ({"center": False}, {}),
        ({"renorm": True}, {}),
        ({}, {"frozen": True}),
    ],
)
def test_fused_batch_norms_leave_what_the_kernel_does_not_have(
    norm: dict[str, Any], how: dict[str, Any]
) -> None:
    """Other axes, missing weights, renormalisation, frozen layers stay Keras' own."""
    import keras

    known = inspect.signature(keras.layers.BatchNormalization).parameters
    if not set(norm) <= set(known):
        pytest.skip(f"Keras {keras.__version__} has no {', '.join(norm)}")
    ours = run(norm, fused=True, training=True, expected=0, **how)
    theirs = run(norm, fused=False, training=True, **how)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_fused_batch_norms_leave_no_trace() -> None:
    """After the block a layer is Keras' own again, whatever happened within."""
    model = network({})
    layer = model.get_layer("norm")
    with fused_batch_norms(model, inference=True):
        assert "call" in vars(layer)
    assert "call" not in vars(layer)
    with pytest.raises(RuntimeError, match="planted"):
        stop_within(model)
    assert "call" not in vars(layer)
    assert kernels(trace(model, training=True)) == 0
