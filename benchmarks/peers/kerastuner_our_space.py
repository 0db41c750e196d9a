"""KerasTuner over the space of kedro-nas: Hyperband, Bayesian or random search.

As https://keras.io/keras_tuner/: a `HyperModel`, `search` with early stopping, then the
best values trained on all rows.
"""

from __future__ import annotations

from typing import Any

# first, as the seconds of the job begin there
from contract import Job, load_images, read_job

# isort: split
import keras
import keras_tuner
from keras_clock import Clock
from our_space import (
    FACTOR,
    MAX_EPOCHS,
    PATIENCE,
    SEARCH_SHARE,
    OurSpace,
    make_space,
)

from kedro_nas.parameters.search_space import Range

METHODS = ("hyperband", "bayesian", "random")
MANY = 1000  # trials or rounds; the clock ends the search


class HyperNetwork(keras_tuner.HyperModel):
    """The space as KerasTuner's hypermodel.

    Args:
        ours: The space.
    """

    def __init__(self, ours: OurSpace) -> None:
        super().__init__()
        self.ours = ours

    def declare(self, hp: Any) -> dict[str, Any]:
        """Declare every choice and return its value."""
        return {
            name: hp.Float(name, allowed.low, allowed.high, sampling="log")
            if isinstance(allowed, Range)
            else hp.Choice(name, [*allowed])
            for name, allowed in self.ours.space.choices.items()
        }

    def build(self, hp: Any) -> Any:
        """Return the compiled model of the values."""
        return self.ours.model(self.declare(hp))


def main() -> None:
    """Search, train, score."""
    job = read_job(METHODS)
    keras.utils.set_random_seed(job.seed)
    images = load_images(job)
    ours = make_space(images, job.seed)
    clock = Clock(job, SEARCH_SHARE)
    tuner = make_tuner(job, HyperNetwork(ours))
    clock.limit(tuner)
    words = {} if job.method == "hyperband" else {"epochs": MAX_EPOCHS}
    tuner.search(
        *ours.train,
        validation_data=ours.val,
        callbacks=[clock, keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE)],
        verbose=2,
        **words,
    )
    values = HyperNetwork(ours).declare(tuner.get_best_hyperparameters()[0])
    ours.deliver(values, clock, searched_by="keras-tuner")


def make_tuner(job: Job, network: HyperNetwork) -> Any:
    """Return the tuner of a method."""
    words = {
        "objective": "val_accuracy",
        "seed": job.seed,
        "directory": job.folder,
        "project_name": job.method,
    }
    if job.method == "hyperband":
        return keras_tuner.Hyperband(
            network,
            max_epochs=MAX_EPOCHS,
            factor=FACTOR,
            hyperband_iterations=MANY,
            **words,
        )
    if job.method == "bayesian":
        return keras_tuner.BayesianOptimization(network, max_trials=MANY, **words)
    return keras_tuner.RandomSearch(network, max_trials=MANY, **words)


if __name__ == "__main__":
    main()
