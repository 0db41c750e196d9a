"""A user's module of custom models, good and bad."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def team_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the module `team_own` where it can be imported."""
    path = tmp_path / "team_own.py"
    path.write_text(TEAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop("team_own", None)
