"""The search space of kedro-nas for other searches: networks, recipes, final training.

A network over the space's bounds is reduced until it fits, since KerasTuner gives up
after three that cannot be built. The recipe is the space's: optimizer, learning rate,
decay, smoothing, augmentation. Everything is trained by `keras.Model.fit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from contract import Images, Result, accuracy, versions_of
from keras_clock import Clock, CosineToTheEnd

from kedro_nas.models.build import build_model
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.encoding import SGD_RATE_FACTOR
from kedro_nas.space.sampling import repair_values
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.augmentation import make_augmenter
from kedro_nas.training.optimizer import CLIP_NORM, MOMENTUM

SEARCH_SHARE = 0.5  # of the seconds; the other half trains the winner on all rows
MAX_EPOCHS = 10  # of a trial, as TensorFlow's guide to KerasTuner
FACTOR = 3
PATIENCE = 5  # epochs without a lower val_loss, as the same guide
BN_MOMENTUM = 0.9  # with Keras' 0.99 the first epochs are at chance


@dataclass(frozen=True)
class OurSpace:
    """The space that kedro-nas would search on these images.

    Attributes:
        images: What is searched for.
        space: Of the training rows.
        seed: Of repairs and weights.
    """

    images: Images
    space: SearchSpace
    seed: int

    def architecture(self, values: dict[str, Any]) -> Architecture:
        """Return the network of flat values, reduced where it exceeds a bound."""
        names = sorted(f"{name}={value}" for name, value in values.items())
        rng = generator(self.seed, "repair", *names)
        fitting = repair_values(self.space.choices, values, rng, self.space.excess)
        return self.space.stand_in if fitting is None else self.space.decode(fitting)

    def model(self, values: dict[str, Any]) -> Any:
        """Return a compiled Keras model from raw pixels to probabilities."""
        architecture = self.architecture(values)
        network = build_model(
            architecture,
            mean=self.images.train.mean(axis=(0, 1, 2)),
            std=self.images.train.std(axis=(0, 1, 2)),
            bn_momentum=BN_MOMENTUM,
            seed=derive_seed(self.seed, "weights"),
        )
        recipe = architecture.recipe
        pixels = keras.Input(self.images.shape)
        moved = Augmented(recipe.augmentation)(pixels)
        model = keras.Model(pixels, network(moved), name="augmented_network")
        model.compile(
            optimizer=_optimizer(recipe),
            loss=keras.losses.CategoricalCrossentropy(
                label_smoothing=recipe.label_smoothing
            ),
            metrics=["accuracy"],
            jit_compile=False,  # compiling takes longer than it saves in a short trial
        )
        return model

    @property
    def train(self) -> tuple[Any, Any]:
        """Return pixels and one-hot labels of the training rows."""
        return _floats(self.images.train), self._one_hot(self.images.train_labels)

    @property
    def val(self) -> tuple[Any, Any]:
        """Return pixels and one-hot labels of the validation rows."""
        return _floats(self.images.val), self._one_hot(self.images.val_labels)

    def deliver(
        self, values: dict[str, Any], clock: Clock, *, searched_by: str
    ) -> None:
        """Train the best values to the end of the budget, and write the result.

        Args:
            values: Flat values of the network.
            clock: Of the job; its journal and counts are part of the result.
            searched_by: Package whose version is part of the result.
        """
        model = self._train_to_the_end(values, clock)
        trained_s = clock.job.elapsed
        probabilities = model.predict(_floats(self.images.test), verbose=0)
        Result(
            test_accuracy=accuracy(probabilities, self.images.test_labels),
            n_params=model.count_params(),
            network=self.architecture(values).describe(),
            trials=clock.trials,
            epochs=clock.epochs,
            training_s=clock.training_s,
            trained_s=trained_s,
            versions=versions_of(searched_by, "keras", "tensorflow"),
        ).write(clock.job.out)

    def _train_to_the_end(self, values: dict[str, Any], clock: Clock) -> Any:
        """Train a network on all rows but the test, with what is left of the budget."""
        clock.is_final = True
        model = self.model(values)
        model.fit(
            _floats(self.images.dev),
            self._one_hot(self.images.dev_labels),
            batch_size=self.architecture(values).recipe.batch_size,
            epochs=100_000,
            callbacks=[CosineToTheEnd(clock.job), clock],
            verbose=2,
        )
        return model

    def _one_hot(self, labels: Any) -> Any:
        return keras.utils.to_categorical(labels, self.images.n_classes)


def make_space(images: Images, seed: int) -> OurSpace:
    """Make the space with the options that kedro-nas ships."""
    facts = DataFacts(
        image_shape=images.shape, n_classes=images.n_classes, n_train=len(images.train)
    )
    space = build_search_space(SearchSpaceOptions(), facts, seed=seed)
    return OurSpace(images, space, seed)


@keras.saving.register_keras_serializable()
class Augmented(keras.layers.Layer):
    """Augments the pixels in training, by the name of an augmentation of the space.

    Args:
        augmentation: Its name.
    """

    def __init__(self, augmentation: str, **words: Any) -> None:
        super().__init__(**words)
        self._augmentation = augmentation

    def call(self, pixels: Any, *, training: bool = False) -> Any:
        """Return the pixels, augmented in training."""
        augment = make_augmenter(self._augmentation, tuple(pixels.shape[1:]))
        if not training or augment is None:
            return pixels
        drawn = tf.random.uniform([2], maxval=np.iinfo(np.int32).max, dtype=tf.int32)
        return augment(pixels, drawn)


def _floats(pixels: Any) -> Any:
    return pixels.astype("float32")


def _optimizer(recipe: Any) -> Any:
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(
            recipe.learning_rate,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=recipe.weight_decay / SGD_RATE_FACTOR,
            global_clipnorm=CLIP_NORM,
        )
    return keras.optimizers.AdamW(
        recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        global_clipnorm=CLIP_NORM,
    )
