"""Plain PNG files without the ceremony: a third of the time of Pillow's reader.

Pillow's PNG reader spends most of its time on small images in Python, image by image.
Here the chunks of a file are walked by `struct` and unpacked by `zlib`; what is left,
filtered rows of pixels, goes to Pillow's own decoder many images at a time. Anything
but plain, sound 8-bit grey or RGB is left to the reader. The pixels are the same
(tests/data/test_png.py).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB"}
_HEADER = struct.Struct(">IIBBBBB")
_LENGTH = struct.Struct(">I")
_LARGEST = 2**20  # pixels; above, ceremony is nothing, and copies would be memory
_FILTERS = 5  # ways of PNG to write a row as differences
# chunks that change nothing about the pixels; any other leaves it to Pillow
_IGNORED = {b"pHYs", b"tIME", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB"}


class PlainPng(NamedTuple):
    """An unpacked image.

    Attributes:
        shape: Height, width, channels (1 or 3).
        rows: Its rows, each a byte that names a filter and the filtered pixels.
    """

    shape: tuple[int, int, int]
    rows: bytes


def unpack_plain_png(content: bytes, max_pixels: int) -> PlainPng | None:
    """Unpack a plain PNG file, no further than its header allows.

    Args:
        content: The file.
        max_pixels: A larger image is left to Pillow's reader, which refuses it.

    Returns:
        None for whatever is not plain or not sound.
    """
    shape = _plain_shape(content, max_pixels)
    data = _pixel_data(content) if shape else None
    if not shape or not data:
        return None
    height, width, channels = shape
    stride = 1 + width * channels
    unpacker = zlib.decompressobj()
    try:
        rows = unpacker.decompress(data, height * stride + 1)
    except zlib.error:
        return None
    whole = len(rows) == height * stride and unpacker.eof
    return PlainPng(shape, rows) if whole and max(rows[::stride]) < _FILTERS else None


def unfiltered(
    images: Sequence[bytes], shape: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Undo the filters of images of one shape, all in one call of Pillow's decoder.

    Args:
        images: Their `PlainPng.rows`.
        shape: Height, width, channels.

    Returns:
        uint8 pixels `(n, height, width, channels)`.
    """
    height, width, channels = shape
    # one tall image: a filter looks at the row above, so each image follows a zero row
    gap = bytes(1 + width * channels)
    tall = zlib.compress(b"".join([gap + rows for rows in images]), 0)
    mode = "L" if channels == 1 else "RGB"
    size = width, len(images) * (1 + height)
    flat = np.frombuffer(
        Image.frombytes(mode, size, tall, "zip", mode, 0).tobytes(), np.uint8
    )
    return flat.reshape(len(images), 1 + height, width, channels)[:, 1:]


def _plain_shape(content: bytes, max_pixels: int) -> tuple[int, int, int] | None:
    if content[:8] != _SIGNATURE or content[12:16] != b"IHDR" or len(content) < 57:
        return None
    width, height, depth, colour, _, _, interlaced = _HEADER.unpack_from(content, 16)
    if depth != 8 or colour not in _MODES or interlaced:
        return None
    if not 0 < width * height <= min(max_pixels, _LARGEST):
        return None
    return height, width, len(_MODES[colour])


def _pixel_data(content: bytes) -> bytes | None:
    """Join the IDAT chunks whose checksums hold; None for what is not plain."""
    parts: list[bytes] = []
    position, end = 33, len(content) - 12
    while position <= end:
        (length,) = _LENGTH.unpack_from(content, position)
        kind = content[position + 4 : position + 8]
        if kind == b"IEND":
            return parts[0] if len(parts) == 1 else b"".join(parts)
        stop = position + 8 + length
        if kind == b"IDAT":
            body = content[position + 4 : stop]
            if zlib.crc32(body) != int.from_bytes(content[stop : stop + 4], "big"):
                return None
            parts.append(body[4:])
        elif kind not in _IGNORED:
            return None
        position = stop + 4
    return None
