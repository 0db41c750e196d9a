"""Plain PNG files are decoded as Pillow does, all others are left to it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from kedro_nas.data.png import unfiltered, unpack_plain_png

LARGE = 10**6


def read_plain_png(content: bytes, max_pixels: int) -> np.ndarray | None:
    plain = unpack_plain_png(content, max_pixels)
    return None if plain is None else unfiltered([plain.rows], plain.shape)[0]


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    level=st.integers(0, 9),
    seed=st.integers(0, 1000),
)
def test_unfiltered_gives_pillows_pixels(height, width, channels, level, seed):
    """Any size, compression and content comes out as it went in."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2 + seed % 255, (height, width, channels), np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    image.save(buffer, "PNG", compress_level=level)

    assert np.array_equal(read_plain_png(buffer.getvalue(), LARGE), pixels)


def test_unpack_plain_png_of_many_chunks_and_texts(make_pictures, encode):
    """Large files come in several pieces, and with texts."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "somebody")
    content = encode(Image.fromarray(noise), pnginfo=texts, dpi=(72, 72))

    assert content.count(b"IDAT") > 1
    assert np.array_equal(read_plain_png(content, LARGE), noise)


def test_unpack_plain_png_leaves_the_rest_to_pillow(awkward):
    """Whatever is not plain, not whole or not PNG is not touched."""
    plain = {"plain.png", "grey.png", "png_called.jpg", "ünï cödé (1).png"}
    plain |= {"wide.png", "dot.png"}
    for name, (content, _) in awkward.items():
        assert (read_plain_png(content, LARGE) is not None) == (name in plain), name


def test_unpack_plain_png_leaves_bombs_to_pillow(encode):
    """Nothing is unpacked that has too many pixels."""
    content = encode(Image.new("L", (100, 100)))

    assert read_plain_png(content, 9_999) is None


@pytest.mark.parametrize("position", range(0, 100, 7))
def test_unpack_plain_png_of_damaged_files_is_none_or_right(encode, position):
    """A flipped bit in the data is seen."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9), np.uint8))
    content = bytearray(encode(image))
    content[41 + position] ^= 4

    assert read_plain_png(bytes(content), LARGE) is None


def test_unfiltered_many_images_do_not_mix(make_pictures, encode):
    """Images undone in one call are those undone alone, whatever stands above."""
    pictures = make_pictures(9)
    plain = [
        unpack_plain_png(encode(Image.fromarray(picture)), LARGE)
        for picture in pictures
    ]
    shape = pictures.shape[1:]

    assert {found.shape for found in plain} == {shape}
    assert np.array_equal(unfiltered([found.rows for found in plain], shape), pictures)


@pytest.mark.parametrize("rows", [bytes(30), bytes(10), b"\x05" + bytes(19)])
def test_unpack_plain_png_of_wrong_rows_is_none(encode, rows):
    """Too many rows, too few, or an unknown filter: sound chunks, unsound pixels."""
    content = encode(Image.new("L", (9, 2)))
    kind_and_data = b"IDAT" + zlib.compress(rows)
    chunk = struct.pack(">I", len(kind_and_data) - 4) + kind_and_data
    chunk += struct.pack(">I", zlib.crc32(kind_and_data))

    assert unpack_plain_png(content[:33] + chunk + content[-12:], LARGE) is None
    assert read_plain_png(content, LARGE).shape == (2, 9, 1)
