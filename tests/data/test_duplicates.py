"""Copies are found however they were made, look-alikes are left alone."""

from __future__ import annotations

import io
import time
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from kedro_nas.data.duplicates import (
    _BLUR,
    _blur,
    candidate_pairs,
    confirmed,
    perceptual_hashes,
)
from kedro_nas.data.layout import to_grey

FASHION = Path(__file__).parents[2] / "data" / "01_raw" / "fashion_mnist_12k.parquet"


def copies_found(images: np.ndarray, folder: Path) -> np.ndarray:
    grey = to_grey(images)
    candidates = candidates_of(grey)
    np.save(folder / "pixels.npy", images)
    return confirmed(candidates, folder / "pixels.npy")


def candidates_of(grey: np.ndarray) -> np.ndarray:
    light, contrast = grey.mean(axis=(1, 2)), grey.std(axis=(1, 2))
    return candidate_pairs(perceptual_hashes(grey), light, contrast)


def as_jpeg(quality: int):
    def change(image: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer)

    return change


def by_way_of(scale: float):
    def change(image: Image.Image) -> Image.Image:
        size = (round(image.width * scale), round(image.height * scale))
        return image.resize(size).resize(image.size)

    return change


CHANGES = {
    "jpeg of quality 90": as_jpeg(90),
    "jpeg of quality 75": as_jpeg(75),
    "doubled and halved": by_way_of(2),
    "shrunk to 80 % and back": by_way_of(0.8),
    "brightened by 5 %": lambda image: image.point(lambda v: min(255, int(v * 1.05))),
    "darkened by 10 %": lambda image: image.point(lambda v: int(v * 0.9)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_confirmed_finds_changed_copies(make_pictures, tmp_path, change):
    """Re-encoded, resized and relit copies are paired with their originals."""
    images = make_pictures(60, side=48)
    changed = [np.asarray(change(Image.fromarray(pixels))) for pixels in images]
    found = copies_found(np.concatenate([images, np.stack(changed)]), tmp_path)
    right = {(row, row + 60) for row in range(60)}

    assert set(map(tuple, found.tolist())) <= right
    assert len(found) >= 57


def test_confirmed_leaves_look_alikes_alone(tmp_path):
    """Of 12,000 garments, 8,832 pairs of close hashes, two photographs occur twice."""
    frame = pd.read_parquet(FASHION)
    images = np.stack([np.asarray(Image.open(io.BytesIO(b))) for b in frame["image"]])
    grey = to_grey(images[..., None])

    assert len(candidates_of(grey)) > 1_000
    found = frame["label"].to_numpy()[copies_found(images[..., None], tmp_path)]

    assert found.tolist() == [["Trouser", "Trouser"], ["Bag", "Bag"]]


def test_confirmed_images_of_one_level_are_no_copies(tmp_path):
    """Blank images show nothing that could be copied."""
    blank = np.full((5, 8, 8, 1), 200, np.uint8)

    assert len(copies_found(blank, tmp_path)) == 0


def test_candidate_pairs_of_a_crowd_take_linear_time():
    """200,000 images of one hash, the worst case, are paired in seconds."""
    rng = np.random.default_rng(0)
    light, contrast = rng.uniform(0, 255, 200_000), rng.uniform(20, 80, 200_000)
    started = time.process_time()
    pairs = candidate_pairs(np.zeros(200_000, np.uint64), light, contrast)

    assert len(pairs) <= 16 * 200_000
    assert time.process_time() - started < 30


@pytest.mark.parametrize("n", [0, 1, 2])
def test_candidate_pairs_of_few_images(n):
    """No image and one image have no pair; two equal ones are one."""
    pairs = candidate_pairs(np.zeros(n, np.uint64), np.zeros(n), np.ones(n))

    assert pairs.shape == (n // 2, 2)


@pytest.mark.parametrize("side", [3, 8, 28, 225])
def test_blur_is_the_gaussian_filter_of_scipy(side: int) -> None:
    """What spares an import gives the same numbers, at any side and at the edges."""
    line = np.random.default_rng(0).uniform(0, 255, side)

    expected = gaussian_filter1d(line, _BLUR, mode="nearest")

    assert np.allclose(_blur(side) @ line, expected, atol=1e-3)


@pytest.mark.parametrize("side", [8, 28, 32, 100, 127])
def test_perceptual_hashes_agree_with_imagehash(make_pictures, side):
    """Bits are those of `imagehash.phash`, but for rounding near the median."""
    images = make_pictures(40, side=side)
    ours = perceptual_hashes(to_grey(images))
    for pixels, own in zip(images, ours, strict=True):
        theirs = imagehash.phash(Image.fromarray(pixels)).hash.ravel()
        bits = np.unpackbits(np.array([own]).view(np.uint8)).astype(bool)
        assert (bits != theirs).sum() <= 6


def test_perceptual_hashes_of_non_square_images(make_pictures):
    """Height and width may differ."""
    images = make_pictures(3, side=40)[:, :25]

    assert perceptual_hashes(to_grey(images)).shape == (3,)
