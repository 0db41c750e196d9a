"""A user's own network is checked at the door, and is then one of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model
from kedro_nas.models.own import _describe_once, read_own_model
from kedro_nas.models.source import write_source
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs

SHAPE, N_CLASSES = (8, 8, 1), 3
TEAM = """
import pathlib
import keras
from kedro_nas.space.architecture import Architecture, Stage, Stem

layers = keras.layers
kept = []


def body(shape):
    x = keras.Input(shape)
    y = layers.Conv2D(4, 3, name="logits")(layers.Rescaling(1 / 255)(x))
    y = layers.Dropout(0.5)(layers.BatchNormalization()(y))
    return x, layers.GlobalAveragePooling2D()(y)


def dense_softmax(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n, activation="softmax")(y))


def softmax_layer(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Softmax()(layers.Dense(n)(y)))


def nested_softmax(shape, n):
    x, y = body(shape)
    top = keras.Sequential([layers.Dense(n, activation="softmax")])
    return keras.Model(x, top(y))


def logits(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n)(y))


def loaded(shape, n):
    model = logits(shape, n)
    model.load_weights(str(pathlib.Path(__file__).parent / "team.weights.h5"))
    return model


def without_input(shape, n):
    return keras.Sequential([layers.Flatten(), layers.Dense(n)])


class Net(keras.Model):
    def __init__(self, n, **other):
        super().__init__(**other)
        self.n = n
        self.flat, self.dense = layers.Flatten(), layers.Dense(n)

    def call(self, x):
        return self.dense(self.flat(x / 255.0))

    def get_config(self):
        return {**super().get_config(), "n": self.n}


def subclassed(shape, n):
    return Net(n)


def ours(shape, n):
    stage = Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1)
    stem = Stem(width=8, kernel_size=3, stride=1)
    return Architecture(input_shape=shape, n_classes=n, stem=stem, stages=(stage,))


def ours_for_others(shape, n):
    return ours((9, 9, 1), n)


def two_classes(shape, n):
    return logits(shape, 2)


def three_channels(shape, n):
    return logits((8, 8, 3), n)


def raises(shape, n):
    raise RuntimeError("planted")


def one_argument(shape):
    return logits(shape, 3)


def nothing(shape, n):
    return None


def the_same(shape, n):
    kept.append(logits(shape, n))
    return kept[0]


def with_lambda(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n)(layers.Lambda(lambda z: 2 * z)(y)))


def double(x):
    return 2 * x


def own_activation(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n)(layers.Activation(double)(y)))


def sigmoids(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n, activation="sigmoid")(y))


def not_a_number(shape, n):
    x, y = body(shape)
    return keras.Model(x, layers.Dense(n)(layers.Rescaling(float("nan"))(y)))
"""


@pytest.fixture(autouse=True)
def _team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "team_own.py").write_text(TEAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("team_own", None)


def read(name: str) -> Architecture:
    return read_own_model(f"team_own:{name}", SHAPE, N_CLASSES)


def unloaded(architecture: Architecture) -> Architecture:
    """Give the network as it was measured before its function loaded any weights."""
    own = architecture.own_model.model_copy(update={"weights_digest": ""})
    return architecture.model_copy(update={"own_model": own})


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
def test_own_model_of_any_kind_ends_in_our_two_layers(name, gives, tmp_path):
    """However it ends, it is built, seeded, saved and read back as ours are."""
    architecture = read(name)
    model = build_model(architecture, seed=1)
    again = build_model(architecture, seed=1)
    found = predict(model)

    logits = keras.Model(model.input, model.get_layer("logits").output)
    shares = np.asarray(keras.ops.softmax(logits(pixels(), training=False)))
    model.save(tmp_path / "m.keras")

    assert architecture.own_model.gives == gives
    assert Architecture.from_dict(architecture.to_dict()) == architecture
    np.testing.assert_allclose(found, predict(again), atol=1e-6)
    np.testing.assert_allclose(found, shares, atol=1e-6)
    restored = keras.models.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_allclose(found, predict(restored), atol=1e-6)


@pytest.mark.parametrize("name", ["dense_softmax", "softmax_layer", "nested_softmax"])
def test_own_model_that_gives_probabilities_keeps_them(name):
    """Taking the softmax off for training changes no prediction."""
    module = sys.modules.get("team_own") or __import__("team_own")
    model = build_model(read(name))
    original = getattr(module, name)(SHAPE, N_CLASSES)
    original.set_weights(model.get_layer("own_model").get_weights())

    np.testing.assert_allclose(predict(model), predict(original), atol=1e-5)


def test_own_model_is_counted_by_building_it():
    """Parameters and MACs are those of the layers, on paper."""
    cost = costs(read("dense_softmax"))

    assert cost.params == 4 * 9 + 4 + 4 * 4 + 4 * 3 + 3
    assert cost.macs == 6 * 6 * 4 * 9 + 4 * 3
    assert cost.depth == 2


def test_own_model_gets_the_momentum_of_all_contestants():
    """With Keras' own 0.99 its statistics would not settle in a short training."""
    model = build_model(read("logits"), bn_momentum=0.7).get_layer("own_model")

    assert [x.momentum for x in model.layers if hasattr(x, "momentum")] == [0.7]


def test_own_model_edited_since_it_was_measured_is_another_network(tmp_path):
    """Its key changes, and the old one is refused instead of trained as the new."""
    before = read("logits")
    (tmp_path / "team_own.py").write_text(TEAM.replace("Conv2D(4", "Conv2D(44"))
    sys.modules.pop("team_own")

    assert read("logits").key != before.key
    with pytest.raises(SearchSpaceError, match="has changed since"):
        build_model(before)


@pytest.mark.parametrize("name", ["loaded", "logits"])
def test_own_model_that_loads_other_weights_is_another_network(name, tmp_path):
    """What a function loads itself is part of the network, as its layers are."""
    weights = tmp_path / "team.weights.h5"
    source = read("logits")
    build_model(source, seed=1).get_layer("own_model").save_weights(weights)
    before = read("loaded")
    build_model(before, seed=3)
    build_model(source, seed=2).get_layer("own_model").save_weights(weights)
    sys.modules.pop("team_own")
    after = read("loaded")

    assert source.own_model.weights_digest == ""
    assert before.own_model.digest == source.own_model.digest
    assert before.own_model.weights_digest != after.own_model.weights_digest
    assert before.key != after.key
    with pytest.raises(SearchSpaceError, match="has changed since"):
        build_model(before if name == "loaded" else unloaded(before))


def test_own_model_is_recognised_at_any_precision():
    """A worker that trains in half precision builds what was checked in full."""
    read_one = read("logits")
    _describe_once.cache_clear()  # a worker has not described it before
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = build_model(read_one)
    finally:
        keras.config.set_dtype_policy(policy)

    assert built.get_layer("own_model").compute_dtype == "bfloat16"


def test_own_model_may_be_an_architecture_of_ours():
    """A function may return our value instead; nothing about it is special."""
    architecture = read("ours")

    assert architecture.own_model is None
    assert architecture.family == "conv"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two_classes", r"makes \(4, 2\) of 4 images"),
        ("three_channels", r"fails on pixels \(4, 8, 8, 1\)"),
        ("raises", "RuntimeError: planted"),
        ("one_argument", "takes 1 positional argument"),
        ("nothing", "an object of type NoneType"),
        ("the_same", "the same model at each call"),
        ("with_lambda", "cannot be saved and read back"),
        ("subclassed", "not Keras': team_own.Net"),
        ("own_activation", "not Keras': builtins.function"),
        ("sigmoids", "ends in sigmoids"),
        ("not_a_number", "not finite"),
        ("ours_for_others", r"an Architecture for \(9, 9, 1\)"),
    ],
)
def test_own_model_that_breaks_the_contract_is_refused_with_the_reason(name, said):
    """Each message says what came, what is allowed, and how to go on without it."""
    with pytest.raises(SearchSpaceError, match=said) as raised:
        read(name)

    assert "build(input_shape, n_classes)" in str(raised.value)
    assert "nas.ranking.baseline: auto" in str(raised.value)


@pytest.mark.parametrize("path", ["team_own:absent", "no_such_module:build"])
def test_own_model_that_cannot_be_imported_says_where_to_put_it(path):
    """A wrong path ends in a message about the path, not in a traceback."""
    with pytest.raises(SearchSpaceError, match="cannot import the baseline"):
        read_own_model(path, SHAPE, N_CLASSES)


def test_own_model_source_says_whose_it_is_and_runs():
    """The written file does not pretend to know the network; it imports it."""
    source = write_source(read("logits"))
    namespace: dict = {"__name__": "network"}
    exec(source, namespace)

    assert "this network is your own" in source
    assert namespace["build_model"]().output_shape == (None, N_CLASSES)
