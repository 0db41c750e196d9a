"""All images are brought to one shape by a stated policy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.data.layout import (
    Layout,
    fit_pixels,
    resolve_layout,
    shrunk,
    to_grey,
)
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


@pytest.mark.parametrize(
    ("sizes", "wanted", "expected"),
    [
        ([(900, 1200)], "auto", (72, 96)),
        ([(28, 28)], "auto", (28, 28)),
        ([(900, 1200)], "native", (900, 1200)),
        ([(900, 1200)], (120, 160), (120, 160)),
    ],
)
def test_resolve_layout_max_side_bounds_what_auto_gives(sizes, wanted, expected):
    """Photographs are shrunk, small images stay, and a size that is asked for rules."""
    options = DataPreparationOptions(image_size=wanted, max_side=96)
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


SIDES = st.integers(1, 60)


@given(
    height=SIDES,
    width=SIDES,
    to_height=SIDES,
    to_width=SIDES,
    level=st.integers(0, 255),
)
def test_fit_pixels_of_one_level_stay_at_it(height, width, to_height, to_width, level):
    """No policy darkens, brightens or frames an image but by its background."""
    image = np.full((height, width, 1), level, np.uint8)
    levels = {}
    for fit in ("pad", "crop", "stretch"):
        layout = Layout(to_height, to_width, 1, fit, 255 - level)
        pixels, _ = fit_pixels(image, layout)
        levels[fit] = set(np.unique(pixels).tolist())

    assert levels["crop"] == levels["stretch"] == {level}
    assert levels["pad"] <= {level, 255 - level}
    assert level in levels["pad"]


@given(height=st.integers(1, 9), width=st.integers(1, 9), side=st.integers(1, 12))
def test_fit_pixels_pad_keeps_the_aspect_to_a_pixel(height, width, side):
    """What is not background has the proportions of the image."""
    image = np.full((height, width, 1), 9, np.uint8)
    pixels, _ = fit_pixels(image, Layout(side, side, 1, "pad", 0))
    rows, columns = (int((pixels == 9).any(axis=axis).sum()) for axis in (1, 0))
    ratio = side / max(height, width)

    assert max(rows, columns) == side
    assert rows == pytest.approx(max(1, height * ratio), abs=0.51)
    assert columns == pytest.approx(max(1, width * ratio), abs=0.51)


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_fit_pixels_of_the_right_shape_are_the_same_array(fit):
    """Most data sets have one size: nothing is copied, and nothing reported."""
    image = np.zeros((5, 7, 3), np.uint8)
    pixels, change = fit_pixels(image, Layout(5, 7, 3, fit, 0))

    assert pixels is image
    assert change is None


def test_fit_pixels_between_grey_and_colour_uses_the_luminance():
    """Green is brighter than blue, and grey has three equal channels."""
    colours = np.eye(3, dtype=np.uint8)[None] * 255
    grey, _ = fit_pixels(colours, Layout(1, 3, 1, "pad", 0))
    back, _ = fit_pixels(grey, Layout(1, 3, 3, "pad", 0))

    assert grey[0, :, 0].tolist() == [76, 150, 29]
    assert back.shape == (1, 3, 3)
    assert np.all(back == grey)


@given(level=st.integers(0, 255))
def test_to_grey_of_equal_channels_is_their_level(level):
    """An image saved as RGB by a camera without colour keeps its levels."""
    pixels = np.full((2, 2, 3), level, np.uint8)

    assert np.allclose(to_grey(pixels), level, atol=1e-3)
    assert np.array_equal(to_grey(pixels[..., :1]), np.full((2, 2), level))


@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=5
    )
)
def test_resolve_layout_auto_is_never_larger_than_published_networks_expect(sizes):
    """Whatever comes, a store holds images that can be trained on."""
    options = DataPreparationOptions()
    layout = resolve_layout(np.array(sizes), GREY, options)

    assert 1 <= layout.height <= options.max_side
    assert 1 <= layout.width <= options.max_side
    assert layout.n_bytes == layout.height * layout.width


def test_shrunk_image_has_the_mean_of_the_large_one():
    """Statistics of blocks are those of the pixels."""
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (1, 256, 320, 3)).astype(np.uint8)

    assert shrunk(large).shape == (1, 64, 80, 3)
    assert shrunk(large).mean() == pytest.approx(large.mean(), abs=0.6)
