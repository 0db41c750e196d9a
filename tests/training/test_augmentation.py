"""Augmentation in the graph."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.errors import TrainingError
from kedro_nas.space.choices import AUGMENTATIONS
from kedro_nas.training.augmentation import make_augmenter

pytestmark = pytest.mark.slow

MIXED = [name for name in AUGMENTATIONS if name.endswith(("mixup", "cutmix"))]
NAMES = [name for name in AUGMENTATIONS if name not in (*MIXED, "none")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(8, 8, 1), (20, 31, 3)])
def test_augmenter_keeps_shape_and_range_and_is_seeded(
    name: str, shape: tuple[int, int, int]
) -> None:
    """Any strength keeps shape and 0 to 255; the same seed gives the same pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (16, *shape)).astype(np.float32)
    augment = make_augmenter(name, shape)
    assert augment is not None

    one = np.asarray(augment(pixels, np.array([1, 2], np.int32)))
    same = np.asarray(augment(pixels, np.array([1, 2], np.int32)))
    other = np.asarray(augment(pixels, np.array([1, 3], np.int32)))

    assert one.shape == pixels.shape
    assert one.min() >= 0
    assert one.max() <= 255.001
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", MIXED)
def test_augmenter_leaves_mixing_to_the_mixer(name: str) -> None:
    """Every word of the vocabulary is understood; mixing does not change the rest."""
    without = name.rpartition("+")[0]
    pixels = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)
    seed = np.array([1, 2], np.int32)
    mixed, plain = make_augmenter(name, (8, 8, 3)), make_augmenter(without, (8, 8, 3))
    assert (mixed is None) == (plain is None) == (without == "none")
    if mixed and plain:
        assert np.array_equal(mixed(pixels, seed), plain(pixels, seed))


def test_augmenter_flip_alone_mirrors_about_half_of_the_images() -> None:
    """Mirroring moves no pixel but to its mirror place."""
    pixels = np.random.default_rng(0).uniform(0, 255, (64, 6, 9, 3)).astype(np.float32)
    augment = make_augmenter("flip", (6, 9, 3))
    assert augment is not None

    flipped = np.asarray(augment(pixels, np.array([5, 6], np.int32)))

    mirrored = [
        np.allclose(a, b[:, ::-1]) for a, b in zip(flipped, pixels, strict=True)
    ]
    kept = [np.allclose(a, b) for a, b in zip(flipped, pixels, strict=True)]
    assert all(m or k for m, k in zip(mirrored, kept, strict=True))
    assert 16 < sum(mirrored) < 48


@pytest.mark.parametrize(("name", "reach"), [("light", 1), ("medium", 2)])
def test_augmenter_shifts_whole_pixels_as_far_as_the_strength_says(
    name: str, reach: int
) -> None:
    """A bright pixel moves, unblurred, by one of 16 pixels or by an eighth of them."""
    pixels = np.zeros((64, 16, 16, 1), np.float32)
    pixels[:, 8, 8, 0] = 255
    augment = make_augmenter(name, (16, 16, 1))
    assert augment is not None

    moved = np.asarray(augment(pixels, np.array([1, 1], np.int32)))[..., 0]

    places = [np.argwhere(image == 255) for image in moved]
    # the square that `medium` cuts out hides some of them
    assert sum(len(place) == 1 for place in places) > 30
    shifts = np.array([place[0] for place in places if len(place)]) - 8
    assert np.abs(shifts).max() == reach


@pytest.mark.parametrize(("side", "reach"), [(8, 1), (28, 1), (32, 1), (96, 4)])
def test_augmenter_light_reach_is_a_share_of_the_side(side: int, reach: int) -> None:
    """Images move by a 24th of their side, and by a pixel where that is less."""
    pixels = np.zeros((256, side, side, 1), np.float32)
    pixels[:, side // 2, side // 2] = 255
    augment = make_augmenter("light", (side, side, 1))
    assert augment is not None

    moved = np.asarray(augment(pixels, np.array([3, 1], np.int32)))[..., 0]

    shifts = np.array([np.argwhere(image == 255)[0] for image in moved]) - side // 2
    for axis in (0, 1):
        assert set(shifts[:, axis]) == set(range(-reach, reach + 1))


def test_augmenter_light_continues_images_beyond_their_border() -> None:
    """What a shift uncovers is the image itself, as in a mirror: no black border."""
    column = np.arange(1, 17, dtype=np.float32)
    pixels = np.broadcast_to(column[:, None, None], (64, 16, 16, 1)).copy()
    augment = make_augmenter("light", (16, 16, 1))
    assert augment is not None

    moved = np.asarray(augment(pixels, np.array([1, 1], np.int32)))[:, :, 5, 0]

    found = {tuple(image) for image in moved}
    up, down = [*column[1:], 16], [1, *column[:-1]]
    assert found == {tuple(column), tuple(up), tuple(down)}


def test_augmenter_trivial_shifts_images_as_light_does() -> None:
    """Of equal images all nine shifts by a pixel are seen, beside its operations."""
    image = np.random.default_rng(0).uniform(0, 255, (16, 16, 3)).astype(np.float32)
    augment = make_augmenter("trivial", (16, 16, 3))
    assert augment is not None

    pixels = np.repeat(image[None], 600, axis=0)
    moved = np.asarray(augment(pixels, np.array([3, 4], np.int32)))

    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="symmetric")
    for dy in range(3):
        for dx in range(3):
            shifted = padded[dy : dy + 16, dx : dx + 16]
            assert np.isclose(moved, shifted, atol=1e-2).all((1, 2, 3)).any()


def test_augmenter_unknown_name_says_what_is_allowed() -> None:
    """A misspelt strength names the strengths there are."""
    with pytest.raises(TrainingError, match="none, light, medium, strong, trivial"):
        make_augmenter("heavy", (8, 8, 1))
