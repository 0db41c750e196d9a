"""TrivialAugment in the graph."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.training.trivial_augment import (
    COLOUR,
    MAX_COLOUR,
    MIN_BITS,
    OPERATIONS,
    _recolour,
    trivial_augment,
)

pytestmark = pytest.mark.slow
SHAPE = (16, 16, 3)


def batch(n: int = 400) -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(0, 255, (n, 4, 4, 3))
    return coarse.repeat(4, 1).repeat(4, 2).astype(np.float32)


def test_trivial_augment_changes_most_images_and_leaves_some() -> None:
    """One in twelve images keeps its pixels; each has an operation of its own."""
    pixels = batch()

    moved = np.asarray(
        trivial_augment(
            pixels, np.array([3, 4], np.int32), SHAPE, flip=False, max_shift=0
        )
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
        trivial_augment(
            pixels, np.array([3, 4], np.int32), SHAPE, flip=True, max_shift=0
        )
    )

    mirrored = np.isclose(moved, pixels[:, :, ::-1], atol=1e-3).all((1, 2, 3)).mean()
    assert 0.25 / len(OPERATIONS) < mirrored < 2 / len(OPERATIONS)


def test_trivial_augment_of_grey_images_keeps_saturation_harmless() -> None:
    """A grey image has no colour to lose: its saturation is left as it is."""
    pixels = batch()[..., :1]

    moved = np.asarray(
        trivial_augment(
            pixels, np.array([3, 4], np.int32), (16, 16, 1), flip=False, max_shift=0
        )
    )

    assert np.isfinite(moved).all()
    assert np.isclose(moved, pixels, atol=1e-3).all((1, 2, 3)).mean() > 1 / 12


def test_trivial_augment_shifts_all_images_by_whole_pixels() -> None:
    """Images with no other operation are moved copies, the border reflected."""
    pixels = batch()

    moved = np.asarray(
        trivial_augment(
            pixels, np.array([3, 4], np.int32), SHAPE, flip=False, max_shift=1
        )
    )

    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    shifted = [
        np.isclose(moved, padded[:, dy : dy + 16, dx : dx + 16], atol=1e-3)
        .all((1, 2, 3))
        .mean()
        for dy in range(3)
        for dx in range(3)
    ]
    assert min(shifted) > 0
    assert 0.5 / len(OPERATIONS) < sum(shifted) < 4 / len(OPERATIONS)


@pytest.mark.parametrize("name", COLOUR)
def test_each_operation_on_colours_is_what_the_paper_says(name: str) -> None:
    """Computed one by one with NumPy; other images are left as they are."""
    pixels = batch(64)
    strength = np.linspace(-1, 1, 64).astype(np.float32)
    chosen = np.arange(64) % 2 == 0
    operation = np.where(chosen, OPERATIONS.index(name), 0).astype(np.int32)

    found = np.asarray(_recolour(pixels, operation, strength))

    factor = (1 + MAX_COLOUR * strength)[:, None, None, None]
    share = np.abs(strength)[:, None, None, None]
    grey = pixels.mean(3, keepdims=True)
    mean = pixels.mean((1, 2, 3), keepdims=True)
    low, high = pixels.min((1, 2), keepdims=True), pixels.max((1, 2), keepdims=True)
    step = 2.0 ** np.round(share * (8 - MIN_BITS))
    expected = {
        "brightness": pixels * factor,
        "contrast": mean + (pixels - mean) * factor,
        "saturation": grey + (pixels - grey) * factor,
        "posterize": np.floor(pixels / step) * step,
        "solarize": np.where(pixels >= 256 * (1 - share), 255 - pixels, pixels),
        "autocontrast": (pixels - low) * 255 / (high - low),
    }[name]
    np.testing.assert_allclose(
        found[chosen], np.clip(expected, 0, 255)[chosen], atol=1e-2
    )
    np.testing.assert_allclose(found[~chosen], pixels[~chosen], atol=1e-3)
