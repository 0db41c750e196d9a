"""Fast reading of plain PNG files: a third of the time of Pillow's reader.

Pillow's PNG reader spends most of its time on small images in Python, image by image.
Here `struct` finds the chunks of a file and `zlib` unpacks them; the filtered rows of
many images then go to Pillow's decoder in one call. Only valid 8-bit grey or RGB files
are read this way, all others by Pillow. The pixels are equal (tests/data/test_png.py).
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
_LARGEST = 2**20  # pixels; for larger images it saves no time and takes more memory
_FILTERS = 5  # filter types of PNG
# chunks without influence on the pixels; files with any other are left to Pillow
_IGNORED = {b"pHYs", b"tIME", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB"}


class PlainPng(NamedTuple):
    """An unpacked image with filtered rows.

    Attributes:
        shape: Height, width, channels (1 or 3).
        rows: Each row is a byte for the filter type, then the filtered pixels.
    """

    shape: tuple[int, int, int]
    rows: bytes


def unpack_plain_png(content: bytes, max_pixels: int) -> PlainPng | None:
    """Unpack a plain PNG file, at most to the size that its header states.

    Args:
        content: The file.
        max_pixels: Larger images are not unpacked.

    Returns:
        None if it is not a plain PNG file, or damaged.
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
    """Undo the row filters of images of one shape in one call of Pillow's decoder.

    Args:
        images: Their `PlainPng.rows`.
        shape: Height, width, channels.

    Returns:
        uint8 pixels `(n, height, width, channels)`.
    """
    height, width, channels = shape
    # one tall image; filters use the row above, so a row of zeros precedes each image
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
    """Join the IDAT chunks; None if a checksum is wrong or the file is not plain."""
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
