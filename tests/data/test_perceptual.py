"""The batch hash is imagehash's pHash, and copies are near by it."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from kedro_nas.data.layout import to_grey
from kedro_nas.data.perceptual import perceptual_hashes


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
