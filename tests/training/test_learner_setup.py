"""The learner of a task: its rows' normalisation, its seed, its stem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.learner import Learner
from kedro_nas.training.learner_setup import make_learner
from kedro_nas.training.pixels import development_pixels
from kedro_nas.training.selection import channel_statistics
from kedro_nas.training.tasks import Task

pytestmark = pytest.mark.slow


def _learner(
    folder: Path, network: Architecture, *, seed: int = 0, whitened: bool = False
) -> tuple[Learner, ImageStore]:
    store = ImageStore.open(folder)
    task = Task(
        task_id="one",
        architecture=network,
        store=str(folder),
        rows="search",
        epochs=1,
        schedule_epochs=1,
        seed=seed,
        whitened_stem=whitened,
    )
    pixels = development_pixels(str(folder), store.fingerprint, 1024)
    return make_learner(task, store, pixels), store


def test_make_learner_normalises_by_its_training_rows(
    store_folder: Path, small_architecture: Architecture
) -> None:
    """Statistics of validation rows would leak into the network."""
    learner, store = _learner(store_folder, small_architecture)
    mean, std = channel_statistics(store, "search", lambda: None)
    layer = learner.model.get_layer("normalisation")

    assert np.allclose(layer.scale, 1 / np.asarray(std))
    assert np.allclose(layer.offset, -np.asarray(mean) / np.asarray(std))


def test_make_learner_of_the_same_seed_has_the_same_weights(
    store_folder: Path, small_architecture: Architecture
) -> None:
    """Weights follow the task's seed, and whitening replaces the stem's alone."""
    first, _ = _learner(store_folder, small_architecture)
    again, _ = _learner(store_folder, small_architecture)
    other, _ = _learner(store_folder, small_architecture, seed=1)
    kernel = first.model.trainable_variables[0]

    assert all(
        np.array_equal(a, b)
        for a, b in zip(
            first.model.get_weights(), again.model.get_weights(), strict=True
        )
    )
    assert not np.array_equal(kernel, other.model.trainable_variables[0])
