"""New images, decoded as those of the training were, a part at a time.

Nothing is kept on disk; of all images, only the names are in memory at once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.chunks import (
    CRASHED,
    changed_while_read,
    decode_images,
    decoding_cost_s,
    group_raws,
)
from kedro_nas.data.decode import FORMATS
from kedro_nas.data.layout import Layout
from kedro_nas.data.pool import Halving, run_in_processes
from kedro_nas.data.sources import Columns, as_source
from kedro_nas.data.sources.arrays import scaled_pixels
from kedro_nas.data.sources.base import Raw, Source
from kedro_nas.records.preprocessing import Preprocessing


@dataclass(frozen=True)
class DecodedImages:
    """A part of the new images.

    Attributes:
        pixels: uint8 `(n, height, width, channels)`; zeros for one that cannot be used.
        faults: Why an image cannot be used, empty for one that can, `(n,)`.
    """

    pixels: NDArray[np.uint8]
    faults: Sequence[str]

    def __len__(self) -> int:
        return len(self.faults)


@dataclass(frozen=True)
class NewImages:
    """New images that have been listed.

    Attributes:
        source: Where they are.
        names: Path of each, or `row 12`.
        notes: Sentences about files that were passed over.
    """

    source: Source
    names: Sequence[str]
    notes: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)


def preprocessing_of(
    layout: Layout,
    class_names: Sequence[str],
    max_pixels: int,
    pixel_scale: float | None,
) -> Preprocessing:
    """Return the contract that images prepared with a layout follow.

    Args:
        layout: Shape of the prepared images, and how they were fitted to it.
        class_names: In the order of the class numbers.
        max_pixels: Limit of an image.
        pixel_scale: Of arrays, see `sources.base.Listing`.
    """
    return Preprocessing.model_validate(
        {
            "height": layout.height,
            "width": layout.width,
            "channels": layout.channels,
            "fit": layout.fit,
            "background": layout.background,
            "max_pixels": max_pixels,
            "formats": FORMATS,
            "pixel_scale": pixel_scale,
            "class_names": tuple(class_names),
        }
    )


def list_new_images(
    images: Any, contract: Preprocessing, *, image_column: str | None = None
) -> NewImages:
    """List images without their labels.

    Args:
        images: Anything that `sources.as_source` accepts.
        contract: How the images of the training were read.
        image_column: Column of images in a table; None looks for a usual name.

    Raises:
        DataError: The source is missing or empty, or lacks the column.
    """
    source = as_source(images, Columns(image=image_column))
    source.has_labels = False
    source.max_pixels = contract.max_pixels
    listing = source.listing()
    return NewImages(source, listing.names, listing.notes)


def decode_in_parts(
    images: NewImages, contract: Preprocessing, *, n_workers: int | None
) -> Generator[DecodedImages, None, None]:
    """Decode new images in their order.

    Args:
        images: As listed.
        contract: How they are brought to the shape that the model takes.
        n_workers: Processes that decode; None for one per core.

    Yields:
        Parts of at most 1,024 images or 16 MiB.

    Raises:
        DataError: There are fewer images than were listed, or more than 20 of them
            crash the process that decodes them.
    """
    layout = Layout(
        contract.height,
        contract.width,
        contract.channels,
        contract.fit,
        contract.background,
    )
    stream = images.source.read(np.arange(len(images), dtype=np.int64))
    if contract.pixel_scale is not None:
        stream = _scaled_arrays(stream, contract.pixel_scale)
    jobs = ((raws, layout, contract.max_pixels) for raws in group_raws(stream, layout))
    parts = run_in_processes(
        _decode_part,
        jobs,
        n_workers=n_workers,
        cost_s=decoding_cost_s(len(images), layout),
        halving=Halving(_halve, _set_aside),
    )
    n_read = 0
    for part in parts:
        n_read += len(part)
        yield part
    if n_read != len(images):
        raise changed_while_read(n_read, len(images))


def _scaled_arrays(stream: Iterator[Raw], scale: float) -> Iterator[Raw]:
    """Scale arrays that are not uint8, whatever source they are from."""
    for raw in stream:
        is_scaled = (
            isinstance(raw, np.ndarray)
            and raw.dtype != np.uint8
            and raw.dtype.kind in "iuf"
        )
        yield scaled_pixels(raw, scale) if is_scaled else raw


def _decode_part(raws: list[Raw], layout: Layout, max_pixels: int) -> DecodedImages:
    pixels, records = decode_images(raws, layout, max_pixels)
    return DecodedImages(pixels, [str(record[-1]) for record in records])


def _halve(job: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Split a job of `_decode_part` in two; a job of one image is returned alone."""
    raws, *others = job
    middle = len(raws) // 2
    return [(raws[:middle], *others), (raws[middle:], *others)] if middle else [job]


def _set_aside(job: tuple[Any, ...]) -> DecodedImages:
    """Return the fault of an image whose decoding crashes the process."""
    raws, layout, max_pixels = job
    return _decode_part([CRASHED] * len(raws), layout, max_pixels)
