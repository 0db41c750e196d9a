"""Arrays of images and labels, in memory."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.sources.streams import LABELS, N, decoded, opened

from kedro_nas.data.decode import decode


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


@pytest.mark.parametrize("form", ["pair", "dict", "list"])
def test_arrays_in_one_part(pixels, form):
    """A pair, or a dictionary, of arrays; images may be a list of arrays."""
    data = {
        "pair": (pixels, LABELS),
        "dict": {"images": pixels, "labels": LABELS},
        "list": [list(pixels), LABELS.tolist()],
    }
    source = opened(data[form])

    assert np.array_equal(decoded(source), pixels)
    assert source.listing().labels == LABELS.tolist()


def test_arrays_in_splits(pixels):
    """`x_train`, `y_train`, `x_test`, `y_test` are given splits."""
    data = {"x_train": pixels[:6], "y_train": LABELS[:6, None],
            "x_test": pixels[6:], "y_test": LABELS[6:, None]}  # fmt: skip
    listing = opened(data).listing()

    assert listing.splits == ["train"] * 6 + ["test"] * 4
    assert listing.labels == LABELS.tolist()


def test_arrays_as_keras_loads_them(pixels):
    """`((x_train, y_train), (x_test, y_test))`, what Keras' `load_data` returns."""
    source = opened(((pixels[:6], LABELS[:6]), (pixels[6:], LABELS[6:])))

    assert source.listing().splits == ["train"] * 6 + ["test"] * 4
    assert np.array_equal(decoded(source), pixels)


@pytest.mark.parametrize(
    ("high", "dtype", "expected"),
    [(1.0, float, 255), (16.0, float, 255), (255.0, float, 255), (200, int, 200)],
)
def test_arrays_are_scaled_by_the_range_of_the_set(high, dtype, expected):
    """One factor for all, so dark images stay dark; an unusual range is noted."""
    images = np.zeros((4, 2, 2), dtype)
    images[0] = high
    images[1] = high / 2 if dtype is float else high // 2
    source = opened((images, [0, 1, 0, 1]))
    listing = source.listing()
    first, second, *_ = source.read(np.arange(4))

    assert decode(first).pixels.max() == expected
    assert abs(int(decode(second).pixels.max()) - expected / 2) <= 1
    assert bool(listing.notes) == (high in {1.0, 16.0})
