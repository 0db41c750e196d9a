"""How far the stem shrinks an image, by its longer side: one table of thresholds.

With maps of about 14 to 28 after the stem a candidate trains in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class StemStrides:
    """What suits images up to a size.

    Attributes:
        below: Longer side in pixels, exclusive.
        allowed: Strides a search may draw.
        proven: The one of them that anchors and the baseline take.
    """

    below: float
    allowed: tuple[int, ...]
    proven: int


STEM_STRIDES = (
    StemStrides(16, (1, 2), 1),
    StemStrides(64, (2,), 2),
    StemStrides(96, (2, 4), 2),
    StemStrides(math.inf, (2, 4), 4),
)


def stem_strides_for(image_shape: tuple[int, int, int]) -> StemStrides:
    """Return the strides that suit images of a shape (height, width, channels).

    >>> stem_strides_for((28, 28, 1)).allowed, stem_strides_for((224, 160, 3)).proven
    ((2,), 4)
    """
    side = max(image_shape[:2])
    return next(row for row in STEM_STRIDES if side < row.below)
