"""Plain PNG files are decoded as Pillow does, all others are left to it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from kedro_nas.data.png import decode_plain_png

LARGE = 10**6


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    level=st.integers(0, 9),
    seed=st.integers(0, 1000),
)
def test_decode_plain_png_gives_pillows_pixels(height, width, channels, level, seed):
    """Any size, compression and content comes out as it went in."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2 + seed % 255, (height, width, channels), np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    image.save(buffer, "PNG", compress_level=level)

    assert np.array_equal(decode_plain_png(buffer.getvalue(), LARGE), pixels)


def test_decode_plain_png_of_many_chunks_and_texts(make_pictures, encode):
    """Large files come in several pieces, and with texts."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "somebody")
    content = encode(Image.fromarray(noise), pnginfo=texts, dpi=(72, 72))

    assert content.count(b"IDAT") > 1
    assert np.array_equal(decode_plain_png(content, LARGE), noise)


def test_decode_plain_png_leaves_the_rest_to_pillow(awkward):
    """Whatever is not plain, not whole or not PNG is not touched."""
    plain = {"plain.png", "grey.png", "png_called.jpg", "ünï cödé (1).png"}
    plain |= {"wide.png", "dot.png"}
    for name, (content, _) in awkward.items():
        assert (decode_plain_png(content, LARGE) is not None) == (name in plain), name


def test_decode_plain_png_leaves_bombs_to_pillow(encode):
    """Nothing is unpacked that has too many pixels."""
    content = encode(Image.new("L", (100, 100)))

    assert decode_plain_png(content, 9_999) is None


@pytest.mark.parametrize("position", range(0, 100, 7))
def test_decode_plain_png_of_damaged_files_is_none_or_right(encode, position):
    """A flipped bit in the data is seen."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9), np.uint8))
    content = bytearray(encode(image))
    content[41 + position] ^= 4

    assert decode_plain_png(bytes(content), LARGE) is None
