"""Bfloat16 on CPUs: where it is used, and what stays float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.training import half_precision
from kedro_nas.training.half_precision import (
    cpu_multiplies_bfloat16,
    float32_depthwise,
)
from kedro_nas.training.layer_lists import layers_of


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    """Forget what is known of this machine's CPU, before and after."""
    cpu_multiplies_bfloat16.cache_clear()
    yield
    cpu_multiplies_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("flags", "setting", "expected"),
    [
        ("fpu avx512_bf16 amx_bf16 amx_tile", None, True),
        ("fpu avx512_bf16 amx_bf16 amx_tile", "1", True),
        ("fpu avx512_bf16 amx_bf16 amx_tile", "0", False),
        ("fpu avx512_bf16", None, False),
    ],
)
def test_cpu_multiplies_bfloat16_where_linux_names_the_matrix_units(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: str,
    setting: str | None,
    expected: bool,
) -> None:
    """And not where oneDNN, which uses them, is switched off."""
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    monkeypatch.setattr(half_precision, "CPU_INFO", described)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if setting is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", setting)

    assert cpu_multiplies_bfloat16() is expected


def test_cpu_multiplies_bfloat16_is_false_where_the_system_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MacOS and Windows have no /proc/cpuinfo; a phone's names other features."""
    monkeypatch.setattr(half_precision, "CPU_INFO", tmp_path / "none")
    missing = cpu_multiplies_bfloat16()
    cpu_multiplies_bfloat16.cache_clear()
    other = tmp_path / "arm"
    other.write_text("Features\t: fp asimd bf16\n")
    monkeypatch.setattr(half_precision, "CPU_INFO", other)

    assert missing is False
    assert cpu_multiplies_bfloat16() is False


def _network(dtype: str) -> Any:
    import keras

    pixels = keras.Input((9, 8, 4), dtype="float32")
    inner_in = keras.Input((9, 8, 4))
    inner = keras.Model(
        inner_in,
        keras.layers.DepthwiseConv2D(3, padding="same", dtype=dtype)(inner_in),
    )
    hidden = keras.layers.DepthwiseConv2D(
        3,
        strides=2,
        activation="relu",
        bias_initializer="random_normal",
        dtype=dtype,
        name="outer",
    )(pixels)
    model = keras.Model(pixels, [hidden, inner(pixels)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def _traced(model: Any) -> tuple[Any, list[str]]:
    """Return the outputs and gradients, and the dtypes of depthwise kernels."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def run(pixels: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(pixels, training=True)
            total = tf.add_n([tf.reduce_sum(tf.cast(y, tf.float32)) for y in outputs])
        return outputs, tape.gradient(total, [v.value for v in model.trainable_weights])

    pixels = np.random.default_rng(1).normal(size=(2, 9, 8, 4)).astype(np.float32)
    graph = run.get_concrete_function(tf.constant(pixels))
    kinds = [
        tf.dtypes.as_dtype(node.attr["T"].type).name
        for node in graph.graph.as_graph_def().node
        if "Depthwise" in node.op
    ]
    return graph(tf.constant(pixels)), kinds


def test_float32_depthwise_changes_the_kernels_and_not_the_dtype_of_the_outputs() -> (
    None
):
    """Forward and backward, in nested models too; results are those of bfloat16."""
    model = _network("mixed_bfloat16")
    (before, gradients_before), kinds_before = _traced(model)
    with float32_depthwise(model):
        (after, gradients_after), kinds = _traced(model)
    _, kinds_afterwards = _traced(model)

    assert set(kinds_before) == set(kinds_afterwards) == {"bfloat16"}
    assert set(kinds) == {"float32"}
    assert len(kinds) == len(kinds_before)
    for one, other in zip(before, after, strict=True):
        assert other.dtype == one.dtype == "bfloat16"
        np.testing.assert_allclose(
            np.asarray(one, np.float32), np.asarray(other, np.float32), atol=0.1
        )
    for one, other in zip(gradients_before, gradients_after, strict=True):
        np.testing.assert_allclose(one, other, atol=0.5, rtol=0.05)


def test_float32_depthwise_leaves_other_precisions_alone() -> None:
    """A float32 model keeps Keras' own calls."""
    model = _network("float32")
    with float32_depthwise(model):
        changed = [layer.name for layer in layers_of(model) if "call" in vars(layer)]

    assert changed == []
