"""Predictions that are averaged over moved and mirrored copies of an image."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.export.formats.saved_model import SavedModelExporter
from kedro_nas.models.averaged_predictions import (
    average_predictions,
    averages_flips,
    count_copies,
    network_alone,
)
from kedro_nas.models.build import build_model
from kedro_nas.space.architecture import Architecture

KINDS = list(itertools.product([False, True], repeat=2))
LOADED_BY_A_STRANGER = """
import sys, numpy, keras
pixels = numpy.load(sys.argv[1])
model = keras.saving.load_model(sys.argv[2])
numpy.save(sys.argv[3], model.predict(pixels, verbose=0))
assert "kedro_nas" not in sys.modules
"""


@pytest.fixture(scope="module")
def network(small_architecture: Architecture) -> Any:
    """Build a network that tells an image from its mirror image."""
    return build_model(small_architecture, seed=0)


@pytest.fixture(scope="module")
def images() -> Any:
    """Draw five images of whole numbers."""
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.float32)


def by_hand(model: Any, images: Any, *, shifts: bool, flips: bool) -> Any:
    """Average with numpy what the model gives for each copy."""
    copies = [images, images[:, :, ::-1]] if flips else [images]
    plain = np.mean([np.asarray(model(x)) for x in copies], axis=0)
    if not shifts:
        return plain
    moved = []
    for copy in copies:
        edge = np.pad(copy, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
        moved += [edge[:, :8, :8], edge[:, 2:, 2:]]
    return (plain + np.mean([np.asarray(model(x)) for x in moved], axis=0)) / 2


@pytest.mark.parametrize(("shifts", "flips"), KINDS)
def test_averaged_predictions_are_the_mean_over_the_copies(
    network: Any, images: Any, *, shifts: bool, flips: bool
) -> None:
    """Probabilities of the image weigh as much as those of its shifts together."""
    averaged = average_predictions(network, shifts=shifts, flips=flips)

    expected = by_hand(network, images, shifts=shifts, flips=flips)
    np.testing.assert_allclose(np.asarray(averaged(images)), expected, atol=1e-6)
    assert averaged.inputs[0].name == "pixels"
    assert (averaged is network) == (count_copies(shifts=shifts, flips=flips) == 1)


def test_averaged_predictions_share_the_weights(network: Any, images: Any) -> None:
    """Nothing is stored twice, and what the network learns later counts at once."""
    averaged = average_predictions(network, shifts=True, flips=True)
    before = np.asarray(averaged(images))
    kept = network.get_weights()
    network.set_weights([w * 0.5 for w in kept])
    after = np.asarray(averaged(images))
    network.set_weights(kept)

    assert averaged.count_params() == network.count_params()
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(np.asarray(averaged(images)), before)


def test_averaged_predictions_of_a_mirror_image_are_the_same(
    network: Any, images: Any
) -> None:
    """With flips an image and its mirror image get one answer."""
    averaged = average_predictions(network, shifts=False, flips=True)

    mirrored = np.asarray(averaged(images[:, :, ::-1].copy()))
    np.testing.assert_allclose(mirrored, np.asarray(averaged(images)), atol=1e-6)
    assert not np.allclose(network(images), mirrored)


@pytest.mark.slow
def test_averaged_predictions_are_loaded_without_this_package(
    network: Any, images: Any, tmp_path: Path
) -> None:
    """A `.keras` file and a SavedModel hold no class that Keras does not have."""
    import tensorflow as tf

    averaged = average_predictions(network, shifts=True, flips=True)
    expected = np.asarray(averaged(images))
    averaged.save(tmp_path / "model.keras")
    np.save(tmp_path / "pixels.npy", images.astype(np.uint8))
    files = [str(tmp_path / x) for x in ("pixels.npy", "model.keras", "found.npy")]
    subprocess.run([sys.executable, "-c", LOADED_BY_A_STRANGER, *files], check=True)
    folder = SavedModelExporter().export(averaged, tmp_path)
    loaded = tf.saved_model.load(str(folder))  # its variables live as long as it does
    served = np.asarray(loaded.serve(images.astype(np.uint8)))

    np.testing.assert_allclose(np.load(files[2]), expected, atol=1e-5)
    np.testing.assert_allclose(served, expected, atol=1e-5)


@pytest.mark.parametrize(("shifts", "flips"), [(True, False), (True, True)])
def test_averages_flips_tells_what_a_saved_model_does(
    tmp_path: Path, *, shifts: bool, flips: bool
) -> None:
    """A prediction that would flip as well asks the file that was loaded."""
    import keras

    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    plain = keras.Sequential(layers)
    average_predictions(plain, shifts=shifts, flips=flips).save(tmp_path / "a.keras")
    loaded = keras.models.load_model(tmp_path / "a.keras")

    assert averages_flips(loaded) is flips
    assert not averages_flips(plain)


def test_network_alone_is_the_one_that_was_averaged(
    network: Any, images: Any, tmp_path: Path
) -> None:
    """Also in a model that was saved and loaded; a plain model has none inside."""
    import keras

    averaged = average_predictions(network, shifts=True, flips=True)
    averaged.save(tmp_path / "averaged.keras")
    loaded = keras.saving.load_model(tmp_path / "averaged.keras")

    assert network_alone(network) is None
    assert network_alone(averaged) is network
    np.testing.assert_allclose(
        network_alone(loaded)(images), network(images), atol=1e-6
    )
