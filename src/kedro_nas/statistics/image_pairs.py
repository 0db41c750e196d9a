"""Two networks compared image by image, on the same images that trained neither."""

from __future__ import annotations

import base64
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kedro_nas.errors import RankingError
from kedro_nas.statistics.paired import PairedTest, normal_test


def pack_right(right: NDArray[np.bool_]) -> str:
    """Return which images were classified correctly as text, eight to a byte.

    Args:
        right: Booleans, shape `(n,)`.

    Returns:
        Base64; `unpack_right` is the inverse.
    """
    return base64.b64encode(np.packbits(right).tobytes()).decode()


def unpack_right(text: str, n: int) -> NDArray[np.bool_]:
    """Read what `pack_right` wrote.

    Args:
        text: Base64.
        n: Number of images.

    >>> unpack_right(pack_right(np.array([True, False, True])), 3).tolist()
    [True, False, True]
    """
    packed = np.frombuffer(base64.b64decode(text), np.uint8)
    if len(packed) != -(-n // 8):
        raise RankingError(
            "predictions do not belong to these images",
            received=f"{len(packed)} bytes for {n} images",
            allowed=f"{-(-n // 8)} bytes",
            remedy="Run the search stage again; what it has trained is kept",
        )
    return np.unpackbits(packed, count=n).astype(bool)


def image_weights(labels: NDArray[np.integer], objective: str) -> NDArray[np.float64]:
    """Return the weight of each image in the objective; they sum to 1.

    Args:
        labels: Class ids, shape `(n,)`.
        objective: `accuracy`, or `balanced_accuracy`, in which each class counts alike.

    >>> image_weights(np.array([0, 0, 0, 1]), "balanced_accuracy").round(3).tolist()
    [0.167, 0.167, 0.167, 0.5]
    """
    if objective == "accuracy":
        return np.full(len(labels), 1 / len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    per_class = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    each = np.array([per_class[int(label)] for label in labels])
    return np.asarray(1 / (len(classes) * each), np.float64)


def compare_images(
    first_right: ArrayLike,
    second_right: ArrayLike,
    weights: NDArray[np.float64],
    *,
    confidence: float = 0.95,
) -> PairedTest:
    """Test whether two networks differ on the same images.

    The difference of a score is a weighted mean over images, each -1, 0 or 1; at many
    images it is normally distributed. It says nothing of other weights and orders of
    the same networks: those differ by about as much again.

    Args:
        first_right: Whether the first classified each image correctly, shape `(n,)`.
        second_right: The second, on the same images.
        weights: Of the images in the score, from `image_weights`.
        confidence: Of the interval.

    Returns:
        The test; `n` is the number of images.

    Raises:
        RankingError: Arrays of different lengths, or fewer than two images.

    Source: McNemar (1947), Psychometrika 12, in the normal approximation; Agresti and
    Min (2005), Statistics in Medicine 24, for the interval.

    >>> right = np.array([True] * 60 + [False] * 40)
    >>> compare_images(right, right, np.full(100, 0.01)).p_value
    1.0
    """
    first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
    if first.shape != second.shape or first.shape != weights.shape or len(first) < 2:
        raise RankingError(
            "two networks cannot be compared image by image",
            received=f"results {first.shape} and {second.shape}, weights"
            f" {weights.shape}",
            allowed="at least two images, the same for both",
        )
    pairs = first.astype(float) - second.astype(float)
    difference = float(np.sum(weights * pairs))
    spread = np.sum((weights * (pairs - difference)) ** 2)
    n = len(pairs)
    se = sqrt(float(spread) * n / (n - 1))
    # half an image more on which each is right alone: without any such image the
    # interval would be a point
    spread_of_interval = spread + np.mean(weights**2)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(
        float(spread_of_interval) * n / (n - 1)
    )
    return normal_test(difference, se, reach=reach, n=n)
