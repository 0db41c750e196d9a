"""A network with its compiled graphs: steps, deadline, new starts, predictions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.models.build import build_model
from kedro_nas.space.architecture import Architecture, Head
from kedro_nas.training.learner import DeadlineError, Learner
from kedro_nas.training.pixels import DevelopmentPixels, development_pixels

pytestmark = pytest.mark.slow

MEAN, STD, SEED = [70.0], [80.0], 5
RATE = 0.02
MakeLearner = Callable[..., Learner]


@pytest.fixture
def pixels(digits: tuple[ImageStore, dict[str, Any]]) -> DevelopmentPixels:
    """Load the digits that are no test images."""
    store = digits[0]
    return development_pixels(str(store.path), store.fingerprint, 1024)


@pytest.fixture
def plain(small_architecture: Architecture) -> Architecture:
    """Give a network without dropout and augmentation, trained by SGD."""
    return small_architecture.model_copy(update={"head": Head()}).with_recipe(
        optimizer="sgd", augmentation="none", weight_decay=0.0, label_smoothing=0.1
    )


@pytest.fixture
def make_learner(pixels: DevelopmentPixels, plain: Architecture) -> MakeLearner:
    """Make a learner; arguments replace its own."""

    def make(architecture: Architecture = plain, **changes: Any) -> Learner:
        given = {"mean": MEAN, "std": STD, "bn_momentum": 0.9, "class_weights": None}
        return Learner(architecture, pixels, **{**given, "seed": SEED, **changes})

    return make


def rows(n_steps: int, batch: int = 16) -> NDArray[np.int32]:
    """Give the positions of some steps."""
    order = np.random.default_rng(0).permutation(300)[: n_steps * batch]
    return order.reshape(n_steps, batch).astype(np.int32)


def rates(n_steps: int) -> NDArray[np.float32]:
    """Give a constant rate for some steps."""
    return np.full((n_steps, 2), RATE, np.float32)


def equal(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> bool:
    """Return whether two states are the same, bit for bit."""
    pairs = zip(one.values(), other.values(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("class_weights", [None, tuple(np.linspace(0.5, 2, 10))])
def test_learner_takes_the_step_that_plain_keras_takes(
    make_learner: MakeLearner,
    pixels: DevelopmentPixels,
    plain: Architecture,
    class_weights: tuple[float, ...] | None,
) -> None:
    """Loss, gradients, clipping and update are those of Keras' own words."""
    import keras
    import tensorflow as tf

    learner = make_learner(class_weights=class_weights)
    found = learner.train_epoch(rows(1), rates(1), seed=0)
    model = build_model(plain, mean=MEAN, std=STD, bn_momentum=0.9, seed=SEED)
    network = keras.Model(model.input, model.get_layer("logits").output)
    images, labels = pixels.gather(rows(1)[0])
    targets = tf.one_hot(labels, 10) * 0.9 + 0.01
    with tf.GradientTape() as tape:
        losses = keras.losses.categorical_crossentropy(
            targets, network(images, training=True), from_logits=True
        )
        if class_weights:
            losses *= tf.gather(tf.constant(class_weights, tf.float32), labels)
        loss = tf.reduce_mean(losses)
    weights = [v.value for v in network.trainable_variables]
    gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, weights), 5.0)
    sgd = keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True)
    sgd.apply(list(gradients), network.trainable_variables)

    assert found == pytest.approx(float(loss), rel=1e-5)
    pairs = zip(learner.model.get_weights(), model.get_weights(), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_learner_out_of_time_takes_no_further_step(make_learner: MakeLearner) -> None:
    """A deadline that has passed leaves the network as it is."""
    learner = make_learner()
    before = learner.state()
    with pytest.raises(DeadlineError):
        learner.train_epoch(rows(3), rates(3), seed=0, deadline=time.monotonic() - 1)

    assert equal(learner.state(), before)


def test_learner_restarted_equals_a_new_one(make_learner: MakeLearner) -> None:
    """Other statistics and another seed, no trace of what was learnt before."""
    other: dict[str, Any] = {"mean": [50.0], "std": [60.0], "seed": 9}
    used = make_learner()
    used.train_epoch(rows(4), rates(4), seed=1)
    used.restart(**other)
    new = make_learner(**other)
    begins_alike = equal(used.state(), new.state())
    losses = [x.train_epoch(rows(4), rates(4), seed=2) for x in (used, new)]

    assert begins_alike
    assert losses[0] == losses[1]
    assert equal(used.state(), new.state())


def test_learner_goes_on_from_a_state(
    make_learner: MakeLearner, small_architecture: Architecture
) -> None:
    """Weights, moments, statistics and the seeds of dropout are in the state."""
    whole, first, second = (make_learner(small_architecture) for _ in range(3))
    for step in (1, 2):
        whole.train_epoch(rows(3), rates(3), seed=step)
    first.train_epoch(rows(3), rates(3), seed=1)
    second.load(first.state())
    second.train_epoch(rows(3), rates(3), seed=2)

    assert equal(second.state(), whole.state())


def test_learner_settles_batch_norms_on_the_present_weights(
    make_learner: MakeLearner, pixels: DevelopmentPixels
) -> None:
    """Moving statistics become those of the training images, not of old weights."""
    import keras

    train = np.arange(256, dtype=np.int32)
    learner = make_learner(bn_momentum=0.5)
    norm = next(x for x in learner.model.layers if "norm" in x.name and x.weights)
    before = np.array(norm.moving_mean)
    learner.estimate_batch_norm(train)
    images = np.asarray(pixels.gather(train)[0])
    maps = keras.Model(learner.model.input, norm.input)(images)

    expected = np.asarray(maps).mean(axis=(0, 1, 2))
    assert np.allclose(before, 0)
    assert np.abs(norm.moving_mean - expected).max() < 0.2 * np.std(maps)
    assert np.abs(expected).max() > 0.2 * np.std(maps)


@pytest.mark.parametrize("mirrored", [False, True])
def test_learner_predicts_what_its_model_gives(
    make_learner: MakeLearner, pixels: DevelopmentPixels, *, mirrored: bool
) -> None:
    """Predictions of images, or of their mirror images, in the order of the rows."""
    positions = rows(1, batch=40)[0]
    learner = make_learner()
    learner.train_epoch(rows(2), rates(2), seed=0)
    images = np.asarray(pixels.gather(positions)[0])
    shown = images[:, :, ::-1].copy() if mirrored else images

    found = learner.predict(positions, mirrored=mirrored)

    np.testing.assert_allclose(found, np.asarray(learner.model(shown)), atol=1e-6)
    assert not np.allclose(found, learner.predict(positions, mirrored=not mirrored))


def test_learner_averages_weights_and_moments(make_learner: MakeLearner) -> None:
    """Members of a team average all that gradients change, statistics left out."""
    learner = make_learner()
    weights = learner.model.trainable_variables
    shapes = [tuple(variable.shape) for variable in learner.averaged_variables()]

    assert shapes == 2 * [tuple(weight.shape) for weight in weights]
    assert learner.portable_model() is learner.model
