"""Arrays of images and labels, in memory."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.sources.streams import LABELS, N, decoded, opened

from kedro_nas.data.decode import decode
from kedro_nas.data.sources.arrays import ArraysSource, parts_of, scaled_pixels
from kedro_nas.errors import DataError


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


def test_arrays_key_is_that_of_the_content(pixels):
    """Images or labels that were changed are prepared anew, the same ones are not."""
    changed = pixels.copy()
    changed[3, 0, 0] ^= 1
    key = opened((pixels, LABELS)).listing().key

    assert opened((pixels.copy(), LABELS.copy())).listing().key == key
    assert opened((changed, LABELS)).listing().key != key
    assert opened((pixels, LABELS[::-1])).listing().key != key
    assert opened((list(pixels), LABELS)).listing().key != ""


def test_arrays_with_a_key_of_their_own_are_not_hashed(pixels):
    """A set that never changes, such as Keras', is known by its name."""
    source = ArraysSource(lambda: [(None, pixels, LABELS)], "a set", lambda: "set:1")

    assert source.listing().key == "set:1"


def test_arrays_are_loaded_when_they_are_listed(pixels):
    """Making a source reads nothing, so that a pipeline may be described at once."""
    loaded = []

    def load():
        loaded.append(1)
        return [(None, pixels, LABELS)]

    source = ArraysSource(load, "a set")
    assert not loaded
    source.listing()
    assert loaded == [1]


def test_arrays_rows_of_several_parts_are_those_of_the_listing(pixels):
    """Row 7 of a set of 6 and 4 images is the second of the second part."""
    source = opened(((pixels[:6], LABELS[:6]), (pixels[6:], LABELS[6:])))
    source.listing()
    read = list(source.read(np.array([0, 5, 6, 7, 9])))

    assert np.array_equal(np.stack(read), pixels[[0, 5, 6, 7, 9]])


@pytest.mark.parametrize(
    ("labels", "received"),
    [
        (np.zeros(N - 1, int), f"{N} images, labels of shape \\({N - 1},\\)"),
        (np.eye(N), f"labels of shape \\({N}, {N}\\)"),
    ],
)
def test_arrays_whose_labels_are_no_vector_of_their_length_are_refused(
    pixels, labels, received
):
    """Missing labels, and one-hot rows, are said with what was given."""
    with pytest.raises(DataError, match=received) as raised:
        opened((pixels, labels)).listing()

    assert "not one-hot rows" in raised.value.remedy


@pytest.mark.parametrize("has_labels", [True, False])
def test_arrays_without_an_image_are_refused(pixels, has_labels):
    """Nothing is prepared from a node that returned nothing."""
    source = opened((pixels[:0], LABELS[:0]))
    source.has_labels = has_labels

    with pytest.raises(DataError, match="contain no image"):
        source.listing()


def test_arrays_of_new_images_need_no_labels_and_have_no_key(pixels):
    """Images to classify are all listed, whatever parts they come in."""
    source = opened({"x_train": pixels[:6], "x_test": pixels[6:]})
    source.has_labels = False
    listing = source.listing()

    assert listing.labels == [None] * N
    assert listing.names == [f"row {row}" for row in range(N)]
    assert listing.key == ""
    assert np.array_equal(np.stack(list(source.read(np.arange(N)))), pixels)


def test_arrays_of_images_alone_are_refused_where_labels_are_needed(pixels):
    """A search cannot be run on what a prediction takes."""
    with pytest.raises(DataError, match="images without labels"):
        opened({"images": pixels}).listing()


@pytest.mark.parametrize(
    "names", [("images", "labels"), ("X", "Y"), ("Data", "target")]
)
def test_parts_of_finds_usual_names_in_any_case(pixels, names):
    """Arrays may be named as in scikit-learn, Keras or MATLAB files."""
    values = dict(zip(names, (pixels, LABELS), strict=True))

    assert [split for split, *_ in parts_of(values, "the file")] == [None]
    assert parts_of(values, "the file")[0][1] is pixels


def test_parts_of_leaves_out_images_without_labels_beside_labelled_ones(pixels):
    """An unlabelled test set beside a training set is not taken for one with labels."""
    values = {"x_train": pixels[:6], "y_train": LABELS[:6], "x_test": pixels[6:]}

    assert [split for split, *_ in parts_of(values, "the file")] == ["train"]


def test_parts_of_other_names_says_which_there_are(pixels):
    """The message names what was received and what would have been accepted."""
    with pytest.raises(DataError, match="the names a, b") as raised:
        parts_of({"a": pixels, "b": LABELS}, "the file")

    assert "x_train" in raised.value.allowed


@pytest.mark.parametrize(
    ("high", "dtype", "scale"),
    [
        (255, np.uint8, None),  # as it is
        (3, np.uint8, None),  # dark, yet of the type of pixels
        (4000, np.uint16, None),  # scaled by its type, image by image
        (0, float, None),
        (float("nan"), float, None),
        (63, float, 255 / 63),
        (64, float, 1.0),
    ],
)
def test_arrays_factor_is_told_with_the_listing(high, dtype, scale):
    """New images are scaled as those of the training: the factor is written down."""
    images = np.zeros((4, 2, 2), dtype)
    images[1] = high

    assert opened((images, [0, 1, 0, 1])).listing().pixel_scale == scale


def test_scaled_pixels_round_and_end_at_255():
    """A new image may be brighter than all of the training; it does not wrap."""
    image = np.array([0.0, 0.5, 1.0, 1.5])

    assert scaled_pixels(image, 255.0).tolist() == [0, 128, 255, 255]
    assert scaled_pixels(image, 255.0).dtype == np.uint8


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_scaled_pixels_of_a_faulty_image_are_left_to_the_decoder(wrong):
    """One bad image is set aside with its reason, and is no pixel of another value."""
    image = np.array([0.5, wrong])

    assert scaled_pixels(image, 255.0) is image
