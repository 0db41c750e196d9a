"""All images are brought to one shape by a stated policy."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.data.layout import Layout, fit_pixels, resolve_layout, shrunk
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions

GREY = [True]


@pytest.mark.parametrize(
    ("sizes", "wanted", "expected"),
    [
        ([(8, 8)], "auto", (8, 8)),
        ([(28, 28)], "native", (28, 28)),
        ([(400, 300)], "native", (400, 300)),
        ([(400, 300)], "auto", (224, 168)),
        ([(30, 30), (33, 30), (35, 52)], "auto", (32, 32)),
        ([(3, 3), (2, 2)], "auto", (8, 8)),
        ([(30, 30), (99, 5)], (16, 20), (16, 20)),
        ([(10, 4000)], "auto", (1, 224)),
    ],
)
def test_resolve_layout_sizes(sizes, wanted, expected):
    """One size stays, several meet in the median, large ones shrink, numbers rule."""
    options = DataPreparationOptions(image_size=wanted)
    layout = resolve_layout(np.array(sizes), GREY, options)

    assert (layout.height, layout.width) == expected


def test_resolve_layout_native_of_several_sizes_is_an_error():
    """`native` never resizes."""
    options = DataPreparationOptions(image_size="native")

    with pytest.raises(DataError, match="2 sizes, most often 8x9, 7x9"):
        resolve_layout(np.array([(8, 9), (8, 9), (7, 9)]), GREY, options)


@pytest.mark.parametrize(
    ("grey", "wanted", "expected"),
    [([True], "auto", 1), ([True, False], "auto", 3), ([True], 3, 3), ([False], 1, 1)],
)
def test_resolve_layout_channels(grey, wanted, expected):
    """Images are stored grey if all are grey, or if the option says so."""
    options = DataPreparationOptions(channels=wanted)

    assert resolve_layout(np.array([(8, 8)]), grey, options).channels == expected


def test_fit_pixels_pad_keeps_the_aspect():
    """A wide image gets margins of the background above and below."""
    layout = Layout(8, 8, 1, "pad", 200)
    pixels, repair = fit_pixels(np.zeros((4, 8, 1), np.uint8), layout)

    assert pixels[:, 0, 0].tolist() == [200, 200, 0, 0, 0, 0, 200, 200]
    assert repair == "resized and padded"


def test_fit_pixels_crop_takes_the_middle():
    """A wide image loses its ends."""
    wide = np.zeros((4, 8, 1), np.uint8)
    wide[:, 2:6] = 9
    pixels, repair = fit_pixels(wide, Layout(4, 4, 1, "crop", 0))

    assert np.all(pixels == 9)
    assert repair == "resized and cropped"


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (300, 7), (9, 13), (13, 9)])
@pytest.mark.parametrize("channels", [1, 3])
def test_fit_pixels_always_gives_the_layout(fit, size, channels):
    """Whatever comes, the shape of the layout leaves."""
    layout = Layout(13, 9, channels, fit, 0)
    pixels, _ = fit_pixels(np.full((*size, 4 - channels), 50, np.uint8), layout)

    assert pixels.shape == (13, 9, channels)
    assert pixels.dtype == np.uint8


def test_shrunk_leaves_small_images_alone_and_averages_large_ones():
    """Only images of 128 pixels and more are looked at in blocks."""
    small = np.zeros((2, 127, 400, 3), np.uint8)
    large = np.full((2, 128, 400, 1), 7, np.uint8)

    assert shrunk(small) is small
    assert shrunk(large).shape == (2, 64, 200, 1)
    assert np.all(shrunk(large) == 7)
