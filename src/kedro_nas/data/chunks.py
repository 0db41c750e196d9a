"""A chunk of raw images, decoded and described; what a decoding process does."""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kedro_nas.data.decode import BadImageError, Decoded, Pixels, decode
from kedro_nas.data.layout import Layout, fit_pixels, shrunk, to_grey
from kedro_nas.data.perceptual import perceptual_hashes
from kedro_nas.data.sources.base import LocalFile, Raw

RECORD_COLUMNS = (
    *("image_id", "height", "width", "grey", "mode", "repairs", "bad"),
    *("mean", "std", "phash"),
)


@dataclass(frozen=True)
class ChunkTask:
    """Where a chunk's pixels go.

    Attributes:
        first: Position of its first image in the pixel file.
        pixels: The pixel file.
        offset: Bytes before the first image of the file.
    """

    first: int
    pixels: Path
    offset: int


def decode_chunk(
    task: ChunkTask, raws: list[Raw], layout: Layout, max_pixels: int
) -> list[tuple[Any, ...]]:
    """Decode a chunk into its place in the pixel file.

    Returns:
        A record per image, in the order of `RECORD_COLUMNS`.
    """
    pixels = np.zeros((len(raws), *layout.shape), np.uint8)
    with warnings.catch_warnings():
        # a bomb is judged by max_pixels; what EXIF has odd does no harm
        warnings.simplefilter("ignore")
        records = [
            _decode_one(raw, layout, max_pixels, pixels[i])
            for i, raw in enumerate(raws)
        ]
    grey = to_grey(shrunk(pixels))
    flat = grey.reshape(len(raws), -1)
    looks = zip(
        flat.mean(axis=1).tolist(),
        flat.std(axis=1).tolist(),
        perceptual_hashes(grey).tolist(),
        strict=True,
    )
    with task.pixels.open("r+b") as file:
        os.pwrite(file.fileno(), pixels.data, task.offset + task.first * layout.n_bytes)
    return [(*record, *look) for record, look in zip(records, looks, strict=True)]


def _decode_one(
    raw: Raw, layout: Layout, max_pixels: int, target: Pixels
) -> tuple[Any, ...]:
    try:
        decoded = decode(
            fetched(raw), background=layout.background, max_pixels=max_pixels
        )
    except BadImageError as reason:
        return "", 0, 0, True, "", "", str(reason)
    target[...], repair = fit_pixels(decoded.pixels, layout)
    height, width, channels = decoded.pixels.shape
    repairs = decoded.repairs + ([repair] if repair else [])
    return (
        _image_id(decoded),
        height,
        width,
        channels == 1,
        decoded.mode,
        "; ".join(repairs),
        "",
    )


def fetched(raw: Raw) -> Any:
    """Read a local file; anything else is passed on.

    Raises:
        BadImageError: There is no image, or the file cannot be read.
    """
    if raw is None:
        raise BadImageError("missing")
    if not isinstance(raw, LocalFile):
        return raw
    try:
        # half the time of open(), which matters when an image takes 60 microseconds
        number = os.open(raw, os.O_RDONLY)
        try:
            return os.read(number, os.fstat(number).st_size)
        finally:
            os.close(number)
    except OSError as error:
        raise BadImageError(f"unreadable file: {error.strerror}") from error


def _image_id(decoded: Decoded) -> str:
    """Hash native pixels, so that the same image keeps its split at any size."""
    digest = hashlib.sha256(repr(decoded.pixels.shape).encode())
    digest.update(np.ascontiguousarray(decoded.pixels).data)
    return digest.hexdigest()[:32]
