"""A custom model is built, seeded and trained as the searched networks are."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.models.custom_model import _digest_once
from kedro_nas.models.source import write_source
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs

SHAPE, N_CLASSES = (8, 8, 1), 3

pytestmark = pytest.mark.usefixtures("team_own")


def read(name: str) -> Architecture:
    return read_custom_baseline(f"team_own:{name}", SHAPE, N_CLASSES)


def unloaded(architecture: Architecture) -> Architecture:
    """Give the network as it was measured before its function loaded any weights."""
    custom = architecture.custom_model.model_copy(update={"weights_digest": ""})
    return architecture.model_copy(update={"custom_model": custom})


def pixels() -> np.ndarray:
    drawn = np.random.default_rng(0).uniform(0, 255, (5, *SHAPE))
    return drawn.astype(np.float32)


def predict(model: keras.Model) -> np.ndarray:
    return np.asarray(model(pixels(), training=False))


@pytest.mark.parametrize(
    ("name", "gives"),
    [
        ("dense_softmax", "probabilities"),
        ("softmax_layer", "probabilities"),
        ("nested_softmax", "probabilities"),
        ("logits", "logits"),
        ("without_input", "logits"),
    ],
)
def test_custom_model_of_any_kind_ends_in_our_two_layers(name, gives, tmp_path):
    """However it ends, it is built, seeded, saved and read back as ours are."""
    architecture = read(name)
    model = build_model(architecture, seed=1)
    again = build_model(architecture, seed=1)
    found = predict(model)

    logits = keras.Model(model.input, model.get_layer("logits").output)
    shares = np.asarray(keras.ops.softmax(logits(pixels(), training=False)))
    model.save(tmp_path / "m.keras")

    assert architecture.custom_model.gives == gives
    assert Architecture.from_dict(architecture.to_dict()) == architecture
    np.testing.assert_allclose(found, predict(again), atol=1e-6)
    np.testing.assert_allclose(found, shares, atol=1e-6)
    restored = keras.models.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_allclose(found, predict(restored), atol=1e-6)


@pytest.mark.parametrize("name", ["dense_softmax", "softmax_layer", "nested_softmax"])
def test_custom_model_that_gives_probabilities_keeps_them(name):
    """Taking the softmax off for training changes no prediction."""
    module = sys.modules.get("team_own") or __import__("team_own")
    model = build_model(read(name))
    original = getattr(module, name)(SHAPE, N_CLASSES)
    original.set_weights(model.get_layer("custom_model").get_weights())

    np.testing.assert_allclose(predict(model), predict(original), atol=1e-5)


def test_custom_model_is_counted_by_building_it():
    """Parameters and MACs are those of the layers, on paper."""
    cost = costs(read("dense_softmax"))

    assert cost.params == 4 * 9 + 4 + 4 * 4 + 4 * 3 + 3
    assert cost.macs == 6 * 6 * 4 * 9 + 4 * 3
    assert cost.depth == 2


def test_custom_model_gets_the_momentum_of_all_contestants():
    """With Keras' own 0.99 its statistics would not settle in a short training."""
    model = build_model(read("logits"), bn_momentum=0.7).get_layer("custom_model")

    assert [x.momentum for x in model.layers if hasattr(x, "momentum")] == [0.7]


def test_custom_model_edited_since_it_was_measured_is_another_network(tmp_path):
    """Its key changes, and the old one is refused instead of trained as the new."""
    before = read("logits")
    module = tmp_path / "team_own.py"
    module.write_text(module.read_text().replace("Conv2D(4", "Conv2D(44"))
    sys.modules.pop("team_own")

    assert read("logits").key != before.key
    with pytest.raises(SearchSpaceError, match="has changed since"):
        build_model(before)


@pytest.mark.parametrize("name", ["loaded", "logits"])
def test_custom_model_that_loads_other_weights_is_another_network(name, tmp_path):
    """What a function loads itself is part of the network, as its layers are."""
    weights = tmp_path / "team.weights.h5"
    source = read("logits")
    build_model(source, seed=1).get_layer("custom_model").save_weights(weights)
    before = read("loaded")
    build_model(before, seed=3)
    build_model(source, seed=2).get_layer("custom_model").save_weights(weights)
    sys.modules.pop("team_own")
    after = read("loaded")

    assert source.custom_model.weights_digest == ""
    assert before.custom_model.digest == source.custom_model.digest
    assert before.custom_model.weights_digest != after.custom_model.weights_digest
    assert before.key != after.key
    with pytest.raises(SearchSpaceError, match="has changed since"):
        build_model(before if name == "loaded" else unloaded(before))


def test_custom_model_is_recognised_at_any_precision():
    """A worker that trains in half precision builds what was checked in full."""
    read_one = read("logits")
    _digest_once.cache_clear()  # a worker has not described it before
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = build_model(read_one)
    finally:
        keras.config.set_dtype_policy(policy)

    assert built.get_layer("custom_model").compute_dtype == "bfloat16"


def test_custom_model_source_says_whose_it_is_and_runs():
    """The written file does not pretend to know the network; it imports it."""
    source = write_source(read("logits"))
    namespace: dict = {"__name__": "network"}
    exec(source, namespace)

    assert "a custom model, built by this function" in source
    assert namespace["build_model"]().output_shape == (None, N_CLASSES)
