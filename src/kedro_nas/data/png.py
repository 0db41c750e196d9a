"""Plain PNG files without the ceremony: half the time of Pillow's reader on thumbnails.

Pillow's PNG reader spends most of its time on small images in Python, on what plain
files do not have. Here the chunks are walked by `struct`, and Pillow's own decoder does
the rest; anything but plain 8-bit grey or RGB is left to the reader. The pixels are the
same (tests/data/test_png.py).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB"}
_HEADER = struct.Struct(">IIBBBBB")
_LENGTH = struct.Struct(">I")
# chunks that change nothing about the pixels; any other leaves it to Pillow
_IGNORED = {b"pHYs", b"tIME", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB"}


def decode_plain_png(content: bytes, max_pixels: int) -> NDArray[np.uint8] | None:
    """Decode a plain PNG file.

    Args:
        content: The file.
        max_pixels: A larger image is left to Pillow's reader, which refuses it.

    Returns:
        uint8 pixels `(h, w, 1 or 3)`, or None for whatever is not plain or not sound.
    """
    if content[:8] != _SIGNATURE or content[12:16] != b"IHDR" or len(content) < 57:
        return None
    width, height, depth, colour, _, _, interlaced = _HEADER.unpack_from(content, 16)
    if depth != 8 or colour not in _MODES or interlaced or width * height > max_pixels:
        return None
    data = _pixel_data(content)
    if not data or not width * height:
        return None
    mode = _MODES[colour]
    try:
        image = Image.frombytes(mode, (width, height), data, "zip", mode, 0)
    except ValueError:
        return None
    flat = np.frombuffer(image.tobytes(), np.uint8)
    return flat.reshape(height, width, len(mode))


def _pixel_data(content: bytes) -> bytes | None:
    """Join the IDAT chunks whose checksums hold; None for what is not plain."""
    parts: list[bytes] = []
    position, end = 33, len(content) - 12
    while position <= end:
        (length,) = _LENGTH.unpack_from(content, position)
        kind = content[position + 4 : position + 8]
        if kind == b"IEND":
            return b"".join(parts)
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
