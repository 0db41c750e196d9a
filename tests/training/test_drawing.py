"""Seeded draws and one resampling, of which augmentations are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.training.drawing import draw, resample

SEED = np.array([3, 4], np.int32)


def moved(pixels: Any, dx: float, **how: Any) -> Any:
    """Shift all images by `dx` pixels to the left."""
    n = len(pixels)
    one, zero = np.ones(n, np.float32), np.zeros(n, np.float32)
    return np.asarray(
        resample(
            pixels,
            ((one, zero), (zero, one)),
            (one * dx, zero),
            pixels.shape[1:],
            interpolation="NEAREST",
            **how,
        )
    )


def test_draw_is_uniform_and_its_streams_differ() -> None:
    """The same seed and stream give the same numbers, another stream others."""
    one = np.asarray(draw(SEED, 1, [1000], -1.0, 3.0))

    np.testing.assert_array_equal(one, np.asarray(draw(SEED, 1, [1000], -1.0, 3.0)))
    assert one.min() >= -1
    assert one.max() < 3
    assert one.mean() == pytest.approx(1, abs=0.15)
    other = np.asarray(draw(SEED, 2, [1000], -1.0, 3.0))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1


def test_resample_fills_up_with_zeros_or_with_the_mirror_image() -> None:
    """What comes from beyond the border is black, or the image seen in a mirror."""
    row = np.arange(1, 6, dtype=np.float32)
    pixels = row[None, None, :, None].repeat(4, axis=1).repeat(2, axis=0)

    black = moved(pixels, 2.0)[0, 0, :, 0]
    mirrored = moved(pixels, 2.0, mirrors_border=True)[1, 3, :, 0]

    assert black.tolist() == [3, 4, 5, 0, 0]
    assert mirrored.tolist() == [3, 4, 5, 5, 4]
