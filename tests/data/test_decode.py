"""Any image becomes uint8 pixels of one or three channels, or a reason why not."""

from __future__ import annotations

import io
import os
import tracemalloc

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from kedro_nas.data import decode as module
from kedro_nas.data.decode import BadImageError, decode, kind_of_reason, peek


def test_decode_every_awkward_kind_is_an_image_or_a_reason(awkward):
    """At least 30 kinds of file are decoded, repaired, or refused with a reason."""
    assert len(awkward) >= 30
    for name, (content, fate) in awkward.items():
        if fate == "set aside":
            with pytest.raises(BadImageError, match=r"\w{3}"):
                decode(content)
        else:
            pixels = decode(content).pixels

            assert pixels.dtype == np.uint8, name
            assert pixels.ndim == 3, name
            assert pixels.shape[2] in {1, 3}, name


def test_peek_agrees_with_decode(awkward):
    """Size and greyness read from a header are those of the decoded image."""
    for name, (content, fate) in awkward.items():
        if fate != "set aside":
            height, width, channels = decode(content).pixels.shape

            assert (height, width, channels == 1) == peek(content), name


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (32896, 128), (65535, 255)])
def test_decode_sixteen_bits_are_scaled_not_clipped(encode, level, expected):
    """16-bit grey keeps its whole range."""
    image = Image.fromarray(np.full((4, 5), level, np.uint16))

    assert np.all(decode(encode(image)).pixels == expected)


def test_decode_exif_orientation_is_applied(encode):
    """An image stored lying is stood up."""
    pixels = np.zeros((4, 8), np.uint8)
    pixels[0, :] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    decoded = decode(encode(Image.fromarray(pixels), exif=exif))

    assert decoded.pixels.shape == (8, 4, 1)
    assert decoded.pixels[:, -1].min() == 255
    assert decoded.repairs == ["turned as EXIF says"]


def test_decode_alpha_is_composited_on_the_background(encode):
    """Transparent pixels show the background, opaque ones themselves."""
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, :, 3] = 255
    decoded = decode(encode(Image.fromarray(pixels)), background=200)

    assert decoded.pixels[0].max() == 0
    assert decoded.pixels[1].min() == 200


def test_decode_palette_of_greys_is_grey(encode):
    """A palette image is grey when its palette is, and coloured when not."""
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("P")

    assert decode(encode(grey)).pixels.shape == (8, 8, 1)


def test_decode_first_frame_of_an_animation(encode):
    """Of several frames the first is the image."""
    frames = [Image.new("L", (4, 4), level) for level in (10, 200)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert np.all(decode(content).pixels == 10)


def test_decode_bomb_is_refused_by_its_header(encode):
    """A file of many pixels is refused without unpacking it."""
    content = encode(Image.new("1", (3000, 2000)))

    with pytest.raises(BadImageError, match="oversized: 3000x2000"):
        decode(content, max_pixels=5_999_999)
    assert decode(content, max_pixels=6_000_000).pixels.shape == (2000, 3000, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full((2, 2), 1.0), 255),
        (np.full((2, 2, 3), 0.5, np.float32), 128),
        (np.full((2, 2), 200.0), 200),
        (np.full((2, 2), 40000, np.uint16), 156),
        (np.full((2, 2), 77, np.int64), 77),
        (np.ones((2, 2), np.bool_), 255),
        (np.full((3, 9, 9), 5, np.uint8), 5),
    ],
)
def test_decode_arrays_of_any_number_type(values, expected):
    """Arrays are scaled by the range of their type, channels first or last."""
    assert np.all(decode(values).pixels == expected)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((4,), np.uint8),
        np.zeros((2, 5, 7), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.full((2, 2), np.inf),
        np.full((2, 2), -1.0),
        np.full((2, 2), 1e9),
        np.array([["a"]]),
    ],
)
def test_decode_arrays_that_are_no_image_are_refused(values):
    """What has no shape or range of an image is refused with that reason."""
    with pytest.raises(BadImageError, match=r"shape|NaN|below|up to|type"):
        decode(values)


@pytest.mark.parametrize("value", [None, 3, {"a": 1}, "text"])
def test_decode_other_objects_are_refused(value):
    """What is no image at all is named by its type."""
    with pytest.raises(BadImageError, match=type(value).__name__):
        decode(value)


def test_decode_starts_no_program_for_a_disguised_file(tmp_path, monkeypatch):
    """PostScript named like a photograph is set aside, never handed to Ghostscript."""
    started = tmp_path / "started"
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n%%EOF\n"

    with pytest.raises(BadImageError, match="not an image that can be decoded"):
        decode(content)
    assert not started.exists()


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3), (3, 30, 40)])
def test_decode_array_above_max_pixels_is_refused(shape):
    """The largest number of pixels holds for arrays as it does for files."""
    with pytest.raises(BadImageError, match="oversized"):
        decode(np.zeros(shape, np.uint8), max_pixels=1199)
    assert decode(np.zeros(shape, np.uint8), max_pixels=1200).pixels.size >= 1200


@pytest.mark.parametrize("mode", ["RGBA", "I;16"])
def test_decode_in_strips_gives_what_the_whole_gives(encode, monkeypatch, mode):
    """Converting a strip of rows at a time changes no pixel."""
    rng = np.random.default_rng(0)
    values = (
        rng.integers(0, 256, (50, 7, 4), np.uint8)
        if mode == "RGBA"
        else rng.integers(0, 65536, (50, 7), np.uint16)
    )
    content = encode(Image.fromarray(values))
    whole = decode(content).pixels
    monkeypatch.setattr(module, "_STRIP_PIXELS", 20)

    assert np.array_equal(decode(content).pixels, whole)


@pytest.mark.parametrize("kind", ["alpha", "16 bits", "floats"])
def test_decode_holds_floats_of_one_strip_only(encode, monkeypatch, kind):
    """A large image takes memory for its pixels, not for numbers it is made from."""
    side = 600
    raw = {
        "alpha": encode(Image.fromarray(np.zeros((side, side, 4), np.uint8))),
        "16 bits": encode(Image.fromarray(np.zeros((side, side), np.uint16))),
        "floats": np.zeros((side, side, 3), np.float32),
    }[kind]
    monkeypatch.setattr(module, "_STRIP_PIXELS", 4096)
    tracemalloc.start()
    try:
        decode(raw)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak_bytes < 8 * side**2


def test_decode_image_opened_elsewhere_starts_no_program(monkeypatch):
    """An EPS image that a loader has opened but not read is not read here, either."""

    def started(*arguments):
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n%%EOF\n"
    image = Image.open(io.BytesIO(content))

    with pytest.raises(BadImageError, match="an image of format EPS"):
        decode(image)


@pytest.mark.parametrize("shape", [(2000,), (20, 20, 20), (50, 50), (3, 50, 50)])
def test_decode_arrays_above_max_pixels_are_refused(shape):
    """Arrays of any shape are judged by their size before they are converted."""
    with pytest.raises(BadImageError, match="oversized"):
        decode(np.zeros(shape, np.uint16), max_pixels=1999)


def test_peek_decodes_nothing_above_max_pixels():
    """Where a header does not tell, no more is decoded than is allowed."""
    with pytest.raises(BadImageError, match="oversized"):
        peek(np.zeros((50, 50), np.uint8), max_pixels=2499)


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (
            ["undecodable: image file is truncated (12 bytes not processed)"] * 2,
            "undecodable: image file is truncated",
        ),
        (["oversized: 9000x9000 pixels", "oversized: a file of 9 bytes"], "oversized"),
        (["pixels up to 1e+09", "pixels up to 2.5e+10"], "pixels up to N"),
        (
            ["pixels down to -3, below zero", "pixels down to -0.25, below zero"],
            "pixels down to N, below zero",
        ),
        (
            ["undecodable: broken PNG file (chunk b'abcd')"],
            "undecodable: broken PNG file",
        ),
        (["not an image but int64"], "not an image but int64"),
        (["pixels of type float16"], "pixels of type float16"),
        (["no label"], "no label"),
    ],
)
def test_kind_of_reason_is_one_for_all_numbers(reasons, kind):
    """Images that fail alike are one line, and types keep their names."""
    assert {kind_of_reason(reason) for reason in reasons} == {kind}
