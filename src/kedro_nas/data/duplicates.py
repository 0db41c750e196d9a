"""Near copies among images: re-encoded, resized, or with changed brightness.

Close perceptual hashes propose pairs, and pixels confirm them: the 64-bit hashes of
simple shapes collide (as those of a thousand pictures of trousers do), so a pair is a
copy only if its pixels, up to brightness, differ by little relative to their contrast.

The hash is imagehash's pHash: the sign, against the median, of the 8x8 lowest
frequencies of the image shrunk to 32x32. Shrinking and transforming are both linear,
so each side is one matrix, and a batch is hashed by two matrix products: 200,000 images
of 32x32 take 2 s instead of a minute, and the bits equal those of `imagehash.phash`
up to rounding (tests/data/test_duplicates.py).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kedro_nas.data.layout import to_grey

MAX_BITS = 6  # of 64: re-encoded and resized copies differ in 0-4, measured
TOLERANCE = 0.06  # of contrast; measured, see docs/concepts/data.md
_BLUR = 1.22  # pixels, as three passes of the binomial filter 1-2-1
_BLUR_REACH = 5  # pixels; four deviations
_BANDS = 4  # of 16 bits: two hashes that differ in 3 bits always share a band
_WINDOW = 16  # next rows of the same band to compare with, by mean brightness
_MAX_RELIT = 40  # grey levels between a copy and its original
_MAX_SOFTER = 0.2  # loss of contrast; resizing down and up loses up to 0.15
_MAX_GAIN = 1.2  # factor of contrast
_PAIRS_AT_ONCE = 2**22  # bytes of pixels in memory for each side

Pairs = NDArray[np.int64]
"""Row numbers `(n_pairs, 2)`, the smaller first."""
_SIDE = 32
_LOW = 8


def candidate_pairs(
    hashes: NDArray[np.uint64],
    brightness: NDArray[np.floating],
    contrast: NDArray[np.floating],
) -> Pairs:
    """Pair rows whose hashes are close, in time proportional to the rows.

    Rows are sorted by each 16-bit band of the hash, then by brightness, and compared
    with the next rows of the same band. As copies have nearly the same brightness, a
    limited number of comparisons is enough also in a band shared by many rows.

    Args:
        hashes: 64-bit perceptual hashes, `(n,)`.
        brightness: Mean grey level, `(n,)`.
        contrast: Standard deviation of grey levels, `(n,)`.
    """
    n = len(hashes)
    found = [np.zeros(0, np.int64)]
    for band in range(_BANDS):
        key = (hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.lexsort((brightness, key)).astype(np.int64)
        for step in range(1, min(_WINDOW, len(order) - 1) + 1):
            first, second = order[:-step], order[step:]
            same = key[first] == key[second]
            first, second = first[same], second[same]
            low, high = np.minimum(first, second), np.maximum(first, second)
            near = np.bitwise_count(hashes[low] ^ hashes[high]) <= MAX_BITS
            near &= np.abs(brightness[low] - brightness[high]) <= _MAX_RELIT
            least = np.minimum(contrast[low], contrast[high])
            near &= np.abs(contrast[low] - contrast[high]) <= _MAX_SOFTER * least
            found.append(low[near] * n + high[near])
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, max(n, 1)), axis=1)


def confirmed(pairs: Pairs, pixels: Path, tolerance: float = TOLERANCE) -> Pairs:
    """Keep the pairs that are copies by their pixels.

    Args:
        pairs: Candidates.
        pixels: The pixel file.
        tolerance: Largest root mean square difference of smoothed grey levels, without
            their means and with the contrast of one scaled to the other's, as a
            fraction of the larger standard deviation.
    """
    if not len(pairs):
        return pairs
    n_bytes = int(np.prod(np.load(pixels, mmap_mode="r").shape[1:]))
    step = max(1, _PAIRS_AT_ONCE // n_bytes)
    # a new memory map each time, so that pages already read are freed
    keep = [
        _alike(np.load(pixels, mmap_mode="r"), pairs[start : start + step], tolerance)
        for start in range(0, len(pairs), step)
    ]
    return pairs[np.concatenate(keep)]


def _alike(
    images: NDArray[np.uint8], pairs: Pairs, tolerance: float
) -> NDArray[np.bool_]:
    first, second = (_centred(images[pairs[:, side]]) for side in (0, 1))
    contrast = np.maximum(first.std(axis=1), second.std(axis=1))
    # the change of contrast that explains most, within the limits
    energy = np.maximum(np.sum(first**2, axis=1), 1)
    gain = np.clip(np.sum(first * second, axis=1) / energy, 1 / _MAX_GAIN, _MAX_GAIN)
    rest = second - gain[:, None] * first
    difference = np.sqrt(np.mean(rest**2, axis=1))
    # images of a single grey level are never copies
    return np.asarray((difference <= tolerance * contrast) & (contrast > 1))


def _centred(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return smoothed grey levels without the mean, `(n, height * width)`.

    Smoothing removes the fine-grained changes of re-encoding and resizing. Contrast is
    kept, as it distinguishes images: a white shirt from a grey one.
    """
    grey = to_grey(images)
    smooth = _blur(grey.shape[1]) @ grey @ _blur(grey.shape[2]).T
    flat = smooth.reshape(len(images), -1)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=8)
def _blur(side: int) -> NDArray[np.float32]:
    """Return the matrix that smooths a side as `scipy.ndimage.gaussian_filter1d` does.

    Importing scipy for it would take as long as decoding 4,000 thumbnails.
    """
    reach = np.arange(-_BLUR_REACH, _BLUR_REACH + 1)
    weights = np.exp(-(reach**2) / (2 * _BLUR**2))
    rows = np.arange(side)[:, None]
    matrix = np.zeros((side, side))
    # pixels beyond the edge repeat the pixel at the edge
    seen = np.clip(rows + reach, 0, side - 1)
    np.add.at(matrix, (rows, seen), weights / weights.sum())
    return matrix.astype(np.float32)


def perceptual_hashes(grey: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Hash grey images so that copies differ in few bits.

    Args:
        grey: float32 `(n, height, width)`, 0-255.

    Returns:
        uint64 `(n,)`; similar images have a small Hamming distance.

    Source: Zauner (2010), "Implementation and benchmarking of perceptual image hash
    functions", as in imagehash 4.3 `phash`.
    """
    _, height, width = grey.shape
    low = _frequencies(height) @ grey @ _frequencies(width).T
    flat = low.reshape(len(grey), _LOW * _LOW)
    # for 64 numbers, sorting is ten times as fast as np.median
    middle = np.sort(flat, axis=1)[:, _LOW * _LOW // 2 - 1 : _LOW * _LOW // 2 + 1]
    bits = flat > middle.mean(axis=1, keepdims=True)
    packed: NDArray[np.uint64] = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
    return packed


@lru_cache(maxsize=8)
def _frequencies(side: int) -> NDArray[np.float32]:
    """Return the matrix `(8, side)`: resize to 32, then take the 8 lowest cosines."""
    basis = np.eye(side, dtype=np.float32)
    image = Image.fromarray(basis)
    # resizing the identity matrix gives the weights of Lanczos resampling
    shrink = np.asarray(image.resize((_SIDE, side), Image.Resampling.LANCZOS)).T
    k, x = np.arange(_LOW)[:, None], np.arange(_SIDE)[None, :]
    cosine = 2 * np.cos(np.pi * k * (2 * x + 1) / (2 * _SIDE))
    return np.asarray(cosine @ shrink, np.float32)
