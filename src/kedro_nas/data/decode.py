"""Decoding of an image file or array to uint8 pixels of one or three channels."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from kedro_nas.data.png import PlainPng, unfiltered, unpack_plain_png
from kedro_nas.data.sources.base import Unusable, image_size

Pixels = NDArray[np.uint8]

# Formats that `PIL.Image.open` may try: those decoded within the process. Others start
# programs (Ghostscript for EPS and PDF) or read further files named in the image.
FORMATS = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA"),
    *("TIFF", "WEBP"),
)
# of images that were opened elsewhere; MPO is a JPEG file with several images
_LOADED_FORMATS = frozenset((*FORMATS, "MPO"))
_STRIP_PIXELS = 2**20  # converted at a time, as floats take much memory
_READERS: dict[bytes, Callable[[io.BytesIO], Any]] = {
    b"\x89PN": PngImageFile,
    b"\xff\xd8\xff": JpegImageFile,
}

_ORIENTATION = 0x0112
_GREY_MODES = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_DETAIL = re.compile(r"\s*\([^()]*\)$")
# numbers and sizes such as 9x9, but not the number of a type such as int64
_NUMBER = re.compile(r"(?<![\w.])-?(?:0x[\da-f]+|\d[\d.x]*(?:e[+-]?\d+)?)(?!\w)")
_SIZE = re.compile(r"^(oversized):.*")


class BadImageError(Exception):
    """An image cannot be used; the text is the reason for the report."""


@dataclass
class Decoded:
    """One decoded image.

    Attributes:
        pixels: uint8 `(height, width, 1 or 3)`.
        mode: Original mode, e.g. `RGBA`, `I;16`, `array uint16`.
        repairs: Changes beyond decoding, e.g. `turned as EXIF says`.
    """

    pixels: Pixels
    mode: str
    repairs: list[str] = field(default_factory=list)


def decode(raw: Any, *, background: int = 255, max_pixels: int = 50_000_000) -> Decoded:
    """Decode one image.

    Args:
        raw: Encoded bytes, a `PIL.Image`, or an array `(h, w)`, `(h, w, 1)`,
            `(h, w, 3)`, `(h, w, 4)`, or channels first with 1 or 3 channels.
        background: Grey level behind transparent pixels.
        max_pixels: Larger images are refused, as they may be decompression bombs.

    Raises:
        BadImageError: It cannot be decoded, for whatever reason.
    """
    if isinstance(raw, Unusable):
        raise BadImageError(str(raw))
    try:
        if isinstance(raw, np.ndarray):
            return _from_array(raw, background, max_pixels)
        if isinstance(raw, Image.Image):
            return _from_image(raw, background, max_pixels)
        _check_bytes(raw)
        plain = unpack_plain_png(bytes(raw), max_pixels)
        if plain is not None:
            return from_plain(plain)
        with _opened(raw) as image:
            return _from_image(image, background, max_pixels)
    except BadImageError:
        raise
    except Image.DecompressionBombError as error:
        raise BadImageError(f"oversized: {error}") from error
    except UnidentifiedImageError as error:
        raise BadImageError("not an image that can be decoded") from error
    except Exception as error:  # decoders raise many types on broken bytes
        raise BadImageError(f"undecodable: {error or type(error).__name__}") from error


def from_plain(plain: PlainPng) -> Decoded:
    """Decode an unpacked plain PNG file."""
    pixels = unfiltered([plain.rows], plain.shape)[0]
    return Decoded(pixels, "L" if plain.shape[2] == 1 else "RGB")


def _check_bytes(raw: Any) -> None:
    if not isinstance(raw, bytes | bytearray | memoryview):
        raise BadImageError(f"not an image but {type(raw).__name__}")
    if not len(raw):
        raise BadImageError("empty file")


def peek(raw: Any, max_pixels: int = 50_000_000) -> tuple[int, int, bool]:
    """Return height, width and whether an image is grey, from the header if possible.

    Args:
        raw: As for `decode`.
        max_pixels: As for `decode`; limits images that have to be decoded for this.

    Raises:
        BadImageError: The header cannot be read.
    """
    if isinstance(raw, bytes | bytearray | memoryview):
        try:
            with _opened(bytes(raw)) as image:
                width, height = image.size
                if _has_exif(image) and image.getexif().get(_ORIENTATION, 1) > 4:
                    width, height = height, width
                if image.mode != "P":
                    return height, width, image.mode in _GREY_MODES
        except Exception as error:
            raise BadImageError("no readable header") from error
    pixels = decode(raw, max_pixels=max_pixels).pixels
    return pixels.shape[0], pixels.shape[1], pixels.shape[2] == 1


def _opened(raw: bytes) -> Image.Image:
    """Open by the first bytes: saves a tenth of trying one decoder after another."""
    reader = _READERS.get(raw[:3])
    if reader is None:
        return Image.open(io.BytesIO(raw), formats=_formats_here())
    image: Image.Image = reader(io.BytesIO(raw))
    return image


@lru_cache(maxsize=1)
def _formats_here() -> tuple[str, ...]:
    """Return those of `FORMATS` that this build of Pillow supports."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _from_image(image: Image.Image, background: int, max_pixels: int) -> Decoded:
    if image.format and image.format not in _LOADED_FORMATS:
        raise BadImageError(f"an image of format {image.format}, which is not read")
    width, height = image.size
    if width * height > max_pixels:
        raise BadImageError(f"oversized: {width}x{height} pixels")
    mode, repairs = image.mode, []
    if getattr(image, "n_frames", 1) > 1:
        repairs.append("first frame taken")
        image.seek(0)
    if _has_exif(image) and image.getexif().get(_ORIENTATION, 1) in range(2, 9):
        image = ImageOps.exif_transpose(image)
        repairs.append("turned as EXIF says")
    if image.mode in _ALPHA_MODES or (
        "transparency" in image.info and image.mode in {"1", "L", "RGB", "P"}
    ):
        repairs.append("alpha composited")
        return Decoded(_composite(image, background), mode, repairs)
    if image.mode in {"L", "RGB"}:
        # a sixth faster than np.asarray on small images
        flat = np.frombuffer(image.tobytes(), np.uint8)
        return Decoded(flat.reshape(image.height, image.width, -1), mode, repairs)
    if image.mode == "1":
        repairs.append("1-bit scaled")
        return Decoded(_with_channel(np.asarray(image.convert("L"))), mode, repairs)
    if image.mode in _GREY_MODES:
        pixels, repair = _to_uint8(np.asarray(image))
        return Decoded(_with_channel(pixels), mode, repairs + repair)
    repairs.append("palette resolved" if mode == "P" else f"converted from {mode}")
    return Decoded(
        _drop_equal_channels(np.asarray(image.convert("RGB")), mode), mode, repairs
    )


def _has_exif(image: Image.Image) -> bool:
    return "exif" in image.info or image.format in {"TIFF", "MPO"}


def _composite(image: Image.Image, background: int) -> Pixels:
    grey = image.mode in {"LA", "La", "L"}
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top, bottom in strips(image.height, image.width):
        strip = image.crop((0, top, image.width, bottom)).convert("RGBA")
        layers = np.asarray(strip, dtype=np.float32)
        alpha = layers[..., 3:] / 255
        pixels[top:bottom] = np.rint(layers[..., :3] * alpha + background * (1 - alpha))
    return pixels[..., :1] if grey else _drop_equal_channels(pixels, image.mode)


def strips(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the first row, and the row after the last, of strips of an image."""
    rows = max(1, _STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield top, min(height, top + rows)


def _drop_equal_channels(pixels: Pixels, mode: str) -> Pixels:
    """Reduce a palette of greys to one channel; the mode does not show that it is."""
    if mode == "P" and (pixels == pixels[..., :1]).all():
        return pixels[..., :1]
    return pixels


def _with_channel(pixels: Pixels) -> Pixels:
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _from_array(values: NDArray[Any], background: int, max_pixels: int) -> Decoded:
    mode = f"array {values.dtype}"
    if image_size(values.shape) > max_pixels:
        size = "x".join(map(str, values.shape))
        raise BadImageError(f"oversized: {size} pixels")
    if values.ndim == 3 and values.shape[-1] not in {1, 3, 4}:
        if values.shape[0] not in {1, 3}:
            raise BadImageError(f"an array of shape {values.shape} is no image")
        values = np.moveaxis(values, 0, -1)
    if values.ndim not in {2, 3} or 0 in values.shape:
        raise BadImageError(f"an array of shape {values.shape} is no image")
    pixels, repairs = _to_uint8(values)
    pixels = _with_channel(pixels)
    if pixels.shape[-1] == 4:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return Decoded(_composite(image, background), mode, ["alpha composited"])
    return Decoded(np.ascontiguousarray(pixels), mode, repairs)


def _to_uint8(values: NDArray[Any]) -> tuple[Pixels, list[str]]:
    """Scale numbers to 0-255 by the range of their type, not of the image."""
    if values.dtype == np.uint8:
        return values, []
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255), ["1-bit scaled"]
    if not np.issubdtype(values.dtype, np.number) or values.dtype.kind == "c":
        raise BadImageError(f"pixels of type {values.dtype}")
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise BadImageError("pixels are NaN or infinite")
    if low < 0:
        raise BadImageError(f"pixels down to {low:g}, below zero")
    if values.dtype.kind == "f" and high <= 1:
        return _scaled(values, 255.0), ["0-1 scaled"]
    if high <= 255 and values.dtype.itemsize != 2:
        return _scaled(values, 1.0), []
    if high <= 65535:
        return _scaled(values, 1 / 257), ["16-bit scaled"]
    if values.dtype.kind in "iu" and high < 2**32:
        return _scaled(values, 255 / (2**32 - 1)), ["32-bit scaled"]
    raise BadImageError(f"pixels up to {high:g}")


def _scaled(values: NDArray[Any], factor: float) -> Pixels:
    """Multiply and round to uint8, a strip of rows at a time."""
    pixels = np.empty(values.shape, np.uint8)
    width = int(np.prod(values.shape[1:]))
    for top, bottom in strips(len(values), width):
        pixels[top:bottom] = np.rint(values[top:bottom].astype(np.float64) * factor)
    return pixels


def kind_of_reason(reason: str) -> str:
    """Return a reason without the details that differ between images.

    >>> kind_of_reason("undecodable: image file is truncated (12 bytes not processed)")
    'undecodable: image file is truncated'
    >>> kind_of_reason("oversized: 9000x9000 pixels")
    'oversized'
    >>> kind_of_reason("pixels down to -2.5e+09, below zero")
    'pixels down to N, below zero'
    >>> kind_of_reason("not an image but int64")
    'not an image but int64'
    """
    return _NUMBER.sub("N", _DETAIL.sub("", _SIZE.sub(r"\1", reason)))
