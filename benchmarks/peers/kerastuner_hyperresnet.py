"""KerasTuner: `Hyperband` over its own `HyperResNet`.

As https://keras.io/keras_tuner/ and TensorFlow's guide to it do: a search with early
stopping, then the best values trained with a validation set to find the number of
epochs, then trained on all rows for as many. Where the budget does not allow the last
of these, the best epoch of the one before is delivered.
"""

from __future__ import annotations

from typing import Any

# first, as the seconds of the job begin there
from contract import Images, Job, Result, accuracy, load_images, read_job, versions_of

# isort: split
import keras
import keras_tuner
from keras_clock import SAVE_S, Clock
from keras_tuner.applications import HyperResNet

SEARCH_SHARE = 0.5
MAX_EPOCHS = 10  # and factor 3: TensorFlow's guide to KerasTuner
FACTOR = 3
ROUNDS = 100  # the clock ends the search
GUIDE_EPOCHS = 50  # of the training that finds the number of epochs
SOME_TIME_LEFT_S = 1.0


def main() -> None:
    """Search, train, score."""
    job = read_job()
    images = load_images(job)
    clock = Clock(job, SEARCH_SHARE)
    tuner = search(job, images, clock)
    model = train_best(tuner, images, clock)
    trained_s = job.elapsed
    Result(
        test_accuracy=accuracy(
            model.predict(_scaled(images.test), verbose=0), images.test_labels
        ),
        n_params=model.count_params(),
        network=str(tuner.get_best_hyperparameters()[0].values),
        trials=clock.trials,
        epochs=clock.epochs,
        training_s=clock.training_s,
        trained_s=trained_s,
        versions=versions_of("keras-tuner", "keras", "tensorflow"),
    ).write(job.out)


def search(job: Job, images: Images, clock: Clock) -> Any:
    """Run Hyperband until the clock ends it."""
    tuner = keras_tuner.Hyperband(
        HyperResNet(input_shape=images.shape, classes=images.n_classes),
        objective="val_accuracy",
        max_epochs=MAX_EPOCHS,
        factor=FACTOR,
        hyperband_iterations=ROUNDS,
        seed=job.seed,
        directory=job.folder,
        project_name="hyperresnet",
    )
    clock.limit(tuner)
    tuner.search(
        _scaled(images.train),
        _one_hot(images.train_labels, images),
        validation_data=(_scaled(images.val), _one_hot(images.val_labels, images)),
        callbacks=[clock, keras.callbacks.EarlyStopping("val_loss", patience=5)],
        verbose=2,
    )
    return tuner


def train_best(tuner: Any, images: Images, clock: Clock) -> Any:
    """Train the best values: to find the number of epochs, then on all rows."""
    values = tuner.get_best_hyperparameters()[0]
    clock.is_final = True
    model = tuner.hypermodel.build(values)
    began = clock.job.elapsed
    history = model.fit(
        _scaled(images.train),
        _one_hot(images.train_labels, images),
        validation_data=(_scaled(images.val), _one_hot(images.val_labels, images)),
        epochs=GUIDE_EPOCHS,
        callbacks=[clock, BestWeights()],
        verbose=2,
    )
    scores = history.history["val_accuracy"]
    best_epoch = scores.index(max(scores)) + 1
    taken_s = (clock.job.elapsed - began) * best_epoch / len(scores)
    all_rows = len(images.dev) / len(images.train)
    if clock.job.left - SAVE_S < taken_s * all_rows + SOME_TIME_LEFT_S:
        return model
    model = tuner.hypermodel.build(values)
    model.fit(
        _scaled(images.dev),
        _one_hot(images.dev_labels, images),
        epochs=best_epoch,
        callbacks=[clock],
        verbose=2,
    )
    return model


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch, also where the clock ends the training."""

    def __init__(self) -> None:
        super().__init__()
        self._best: float = -1.0
        self._weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the weights if the epoch is the best."""
        if logs["val_accuracy"] > self._best:
            self._best, self._weights = logs["val_accuracy"], self.model.get_weights()

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights back."""
        self.model.set_weights(self._weights)


def _scaled(pixels: Any) -> Any:
    return pixels.astype("float32") / 255.0


def _one_hot(labels: Any, images: Images) -> Any:
    return keras.utils.to_categorical(labels, images.n_classes)


if __name__ == "__main__":
    main()
