"""Reading a source to its end, for the tests of all sources."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.chunks import fetched
from kedro_nas.data.decode import decode
from kedro_nas.data.sources import Columns, Source, as_source

N = 10
LABELS = np.arange(N) % 2


def decoded(source: Source) -> NDArray[np.uint8]:
    """Return the pixels of all images of a source, `(n, height, width, channels)`."""
    rows = np.arange(len(source.listing()))
    return np.stack([decode(fetched(raw)).pixels for raw in source.read(rows)])


def opened(images: Any) -> Source:
    """Return the source of what a node hands over, with the usual column names."""
    return as_source(images, Columns())
