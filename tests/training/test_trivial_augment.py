"""TrivialAugment in the graph."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.training.trivial_augment import OPERATIONS, trivial_augment

pytestmark = pytest.mark.slow
SHAPE = (16, 16, 3)


def batch(n: int = 400) -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(0, 255, (n, 4, 4, 3))
    return coarse.repeat(4, 1).repeat(4, 2).astype(np.float32)


def test_trivial_augment_changes_most_images_and_leaves_some() -> None:
    """One in twelve images keeps its pixels; each has an operation of its own."""
    pixels = batch()

    moved = np.asarray(
        trivial_augment(pixels, np.array([3, 4], np.int32), SHAPE, flip=False)
    )

    kept = np.isclose(moved, pixels, atol=1e-3).all((1, 2, 3)).mean()
    assert moved.shape == pixels.shape
    assert moved.min() >= 0
    assert moved.max() <= 255
    # identity, and the operations at a strength of nearly nothing
    assert 0.5 / len(OPERATIONS) < kept < 4 / len(OPERATIONS)


def test_trivial_augment_mirrors_half_of_the_images_where_asked() -> None:
    """With mirroring some images are exactly their mirror image."""
    pixels = batch()

    moved = np.asarray(
        trivial_augment(pixels, np.array([3, 4], np.int32), SHAPE, flip=True)
    )

    mirrored = np.isclose(moved, pixels[:, :, ::-1], atol=1e-3).all((1, 2, 3)).mean()
    assert 0.25 / len(OPERATIONS) < mirrored < 2 / len(OPERATIONS)


def test_trivial_augment_of_grey_images_keeps_saturation_harmless() -> None:
    """A grey image has no colour to lose: its saturation is left as it is."""
    pixels = batch()[..., :1]

    moved = np.asarray(
        trivial_augment(pixels, np.array([3, 4], np.int32), (16, 16, 1), flip=False)
    )

    assert np.isfinite(moved).all()
    assert np.isclose(moved, pixels, atol=1e-3).all((1, 2, 3)).mean() > 1 / 12
