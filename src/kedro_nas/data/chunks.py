"""Decoding of a chunk of raw images: the work of one decoding process."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from kedro_nas.data.decode import BadImageError, Decoded, Pixels, decode, from_plain
from kedro_nas.data.duplicates import perceptual_hashes
from kedro_nas.data.layout import Layout, fit_pixels, shrunk, to_grey
from kedro_nas.data.png import unfiltered, unpack_plain_png
from kedro_nas.data.sources.base import LocalFile, Raw, Unusable
from kedro_nas.errors import DataError
from kedro_nas.files import write_at

if TYPE_CHECKING:
    import pandas as pd

RECORD_COLUMNS = (
    *("image_id", "height", "width", "grey", "mode", "repairs", "bad"),
    *("mean", "std", "phash"),
)
# limits of a file that is read: 4 channels of 4 bytes, and 64 MiB of metadata
_BYTES_PER_PIXEL, _FILE_BYTES = 16, 64 * 2**20
CRASHED = Unusable("decoding it crashed the process, often for lack of memory")
_CHUNK_BYTES = 16 * 2**20
_CHUNK_IMAGES = 1024
_SECONDS_PER_IMAGE, _SECONDS_PER_BYTE = 50e-6, 5e-9  # measured, one core
_AT_ONCE_BYTES = 2**18  # of plain images decoded together; fits in a processor's cache

Record = tuple[Any, ...]
"""An image's values of `RECORD_COLUMNS` that are known one by one: up to `bad`."""


@dataclass(frozen=True)
class ChunkTask:
    """Where the pixels of a chunk are written.

    Attributes:
        first: Index of its first image in the pixel file.
        pixels: The pixel file.
        offset: Bytes before the first image in the file.
    """

    first: int
    pixels: Path
    offset: int


def decode_chunk(
    task: ChunkTask, raws: list[Raw], layout: Layout, max_pixels: int
) -> pd.DataFrame:
    """Decode a chunk and write it to the pixel file.

    Returns:
        A row per image, with the columns `RECORD_COLUMNS`.
    """
    import pandas as pd

    pixels, records = decode_images(raws, layout, max_pixels)
    with task.pixels.open("r+b") as file:
        write_at(file.fileno(), pixels.data, task.offset + task.first * layout.n_bytes)
    frame = pd.DataFrame(records, columns=list(RECORD_COLUMNS[:7]))
    grey = to_grey(shrunk(pixels))
    flat = grey.reshape(len(raws), -1)
    frame["mean"] = flat.mean(axis=1).astype(np.float64)
    frame["std"] = flat.std(axis=1).astype(np.float64)
    frame["phash"] = perceptual_hashes(grey)
    return frame


def halve_chunk(job: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Split a job of `decode_chunk` in two; a job of one image is returned alone."""
    task, raws, layout, max_pixels = job
    middle = len(raws) // 2
    if not middle:
        return [job]
    after = replace(task, first=task.first + middle)
    return [
        (task, raws[:middle], layout, max_pixels),
        (after, raws[middle:], layout, max_pixels),
    ]


def set_chunk_aside(job: tuple[Any, ...]) -> pd.DataFrame:
    """Return the record of an image whose decoding crashes the process."""
    task, raws, layout, max_pixels = job
    return decode_chunk(task, [CRASHED] * len(raws), layout, max_pixels)


@dataclass
class _Plain:
    """Plain PNG images of the layout's shape, collected to be decoded together."""

    layout: Layout
    pixels: Pixels
    positions: list[int] = field(default_factory=list)
    images: list[bytes] = field(default_factory=list)

    def add(self, position: int, rows: bytes, records: list[Record]) -> None:
        self.positions.append(position)
        self.images.append(rows)
        if len(self.images) * len(rows) >= _AT_ONCE_BYTES:
            self.finish(records)

    def finish(self, records: list[Record]) -> None:
        if not self.images:
            return
        shape = height, width, channels = self.layout.shape
        self.pixels[self.positions] = unfiltered(self.images, shape)
        start = _hash_of_shape(shape)
        mode = "L" if channels == 1 else "RGB"
        for position in self.positions:
            digest = start.copy()
            digest.update(self.pixels[position].data)
            image_id = digest.hexdigest()[:32]
            records[position] = (image_id, height, width, channels == 1, mode, "", "")
        self.positions.clear()
        self.images.clear()


def group_raws(stream: Iterator[Raw], layout: Layout) -> Iterator[list[Raw]]:
    """Split a stream of raw images into chunks that are small encoded and decoded.

    Args:
        stream: Raw images of a source.
        layout: Shape of the decoded images.
    """
    size = max(1, min(_CHUNK_IMAGES, _CHUNK_BYTES // layout.n_bytes))
    while True:
        raws: list[Raw] = []
        held = 0
        for raw in islice(stream, size):
            raws.append(raw)
            held += _raw_bytes(raw)
            if held >= _CHUNK_BYTES:
                break
        if not raws:
            return
        yield raws


def decoding_cost_s(n_images: int, layout: Layout) -> float:
    """Estimate the seconds in which one core decodes small images to a layout."""
    return n_images * (_SECONDS_PER_IMAGE + layout.n_bytes * _SECONDS_PER_BYTE)


def changed_while_read(n_read: int, n_listed: int) -> DataError:
    """Return the error for a source that gives fewer images than it has listed."""
    return DataError(
        "the images changed while they were read",
        received=f"{n_read} images",
        allowed=f"the {n_listed} images that were listed",
        remedy="Run again when no other program changes them",
    )


def _raw_bytes(raw: Raw) -> int:
    """Return the bytes of memory that a raw image takes; 0 for a path."""
    if isinstance(raw, LocalFile):
        return 0
    if isinstance(raw, bytes | bytearray):
        return len(raw)
    if isinstance(raw, Image.Image):
        return raw.width * raw.height * len(raw.getbands())
    return int(getattr(raw, "nbytes", 0))


def decode_images(
    raws: list[Raw], layout: Layout, max_pixels: int
) -> tuple[Pixels, list[Record]]:
    """Decode images; plain PNG files of the layout's shape in groups, others singly.

    Args:
        raws: Raw images of a source.
        layout: Shape to which they are brought.
        max_pixels: Larger images are not decoded.

    Returns:
        Pixels, uint8 `(len(raws), *layout.shape)`, zeros for an image that cannot be
        used; and a record per image, whose last value is why it cannot be used, or
        empty.
    """
    pixels = np.zeros((len(raws), *layout.shape), np.uint8)
    with warnings.catch_warnings():
        # max_pixels limits decompression bombs; odd EXIF data is harmless
        warnings.simplefilter("ignore")
        return pixels, _decode_into(pixels, raws, layout, max_pixels)


def _decode_into(
    pixels: Pixels, raws: list[Raw], layout: Layout, max_pixels: int
) -> list[Record]:
    records: list[Record] = [()] * len(raws)
    together = _Plain(layout, pixels)
    for position, raw in enumerate(raws):
        try:
            content = fetched(raw, max_pixels)
            plain = None
            if isinstance(content, bytes):
                plain = unpack_plain_png(content, max_pixels)
            if plain is not None and plain.shape == layout.shape:
                together.add(position, plain.rows, records)
                continue
            decoded = (
                from_plain(plain)
                if plain is not None
                else decode(
                    content, background=layout.background, max_pixels=max_pixels
                )
            )
        except BadImageError as reason:
            records[position] = ("", 0, 0, True, "", "", str(reason))
            continue
        records[position] = _fitted(decoded, layout, pixels[position])
    together.finish(records)
    return records


def _fitted(decoded: Decoded, layout: Layout, target: Pixels) -> Record:
    target[...], repair = fit_pixels(decoded.pixels, layout)
    height, width, channels = decoded.pixels.shape
    repairs = "; ".join(decoded.repairs + ([repair] if repair else []))
    # of the native pixels, so that an image has the same split at any image_size
    digest = _hash_of_shape(decoded.pixels.shape)
    digest.update(np.ascontiguousarray(decoded.pixels).data)
    image_id = digest.hexdigest()[:32]
    return image_id, height, width, channels == 1, decoded.mode, repairs, ""


def _hash_of_shape(shape: tuple[int, ...]) -> Any:
    return hashlib.sha256(repr(shape).encode())


def fetched(raw: Raw, max_pixels: int | None = None) -> Any:
    """Return the content of a local file; return anything else unchanged.

    Args:
        raw: As returned by a source.
        max_pixels: Files larger than any image of so many pixels are not read; None
            for no limit.

    Raises:
        BadImageError: There is no image, or the file cannot be read or is too large.
    """
    if raw is None:
        raise BadImageError("missing")
    if not isinstance(raw, LocalFile):
        return raw
    try:
        # half the time of open(): relevant when an image takes 50 microseconds
        number = os.open(raw, os.O_RDONLY)
        try:
            n_bytes = os.fstat(number).st_size
            if max_pixels and n_bytes > _FILE_BYTES + _BYTES_PER_PIXEL * max_pixels:
                raise BadImageError(f"oversized: a file of {n_bytes:,} bytes")
            return os.read(number, n_bytes)
        finally:
            os.close(number)
    except OSError as error:
        raise BadImageError(f"unreadable file: {error.strerror}") from error
    except ValueError as error:  # a null character, or a name that cannot be encoded
        raise BadImageError(f"not a path: {error}") from error
