"""Images to test with, and every kind of awkward file a team may have."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.profile import DatasetProfile

SIDE = 24
KEPT, REPAIRED, SET_ASIDE = "kept", "repaired", "set aside"


def picture(number: int, side: int = SIDE, channels: int = 3) -> np.ndarray:
    """A smooth picture that resembles no other."""
    rng = np.random.default_rng([7, number])
    coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
    pixels = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    return pixels if channels == 3 else pixels[..., :1]


def pictures(n: int, **kind: int) -> np.ndarray:
    return np.stack([picture(number, **kind) for number in range(n)])


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


class Maker:
    """Makes pictures of which no two are alike."""

    def __init__(self, first: int) -> None:
        self.numbers = iter(range(first, first + 1000))

    def rgb(self) -> Image.Image:
        return Image.fromarray(picture(next(self.numbers)))

    def grey(self) -> Image.Image:
        return self.rgb().convert("L")

    def alpha(self, mode: str) -> Image.Image:
        image = self.rgb().convert(mode)
        image.putalpha(Image.linear_gradient("L").resize((SIDE, SIDE)))
        return image

    def deep(self) -> np.ndarray:
        return np.asarray(self.grey()).astype(np.uint16) * np.uint16(257)


def plain_files() -> dict[str, tuple[bytes, str]]:
    """Files that need no repair."""
    make = Maker(1000)
    rgb, grey = make.rgb, make.grey
    return {
        "plain.jpg": (encoded(rgb(), "JPEG"), KEPT),
        "grey.jpg": (encoded(grey(), "JPEG"), KEPT),
        "progressive.jpeg": (encoded(rgb(), "JPEG", progressive=True), KEPT),
        "no_subsampling.jpg": (encoded(rgb(), "JPEG", subsampling=0), KEPT),
        "plain.png": (encoded(rgb()), KEPT),
        "grey.png": (encoded(grey()), KEPT),
        "lossy.webp": (encoded(rgb(), "WEBP"), KEPT),
        "lossless.webp": (encoded(rgb(), "WEBP", lossless=True), KEPT),
        "raw.tiff": (encoded(rgb(), "TIFF"), KEPT),
        "lzw.tif": (encoded(rgb(), "TIFF", compression="tiff_lzw"), KEPT),
        "plain.bmp": (encoded(rgb(), "BMP"), KEPT),
        "plain.ppm": (encoded(rgb(), "PPM"), KEPT),
        "png_called.jpg": (encoded(rgb()), KEPT),
        "UPPER.JPG": (encoded(rgb(), "JPEG"), KEPT),
        "ünï cödé (1).png": (encoded(rgb()), KEPT),
        "upright.jpg": (encoded(rgb(), "JPEG", exif=exif_of(1)), KEPT),
    }


def odd_files() -> dict[str, tuple[bytes, str]]:
    """Files that are repaired, in a set of 24 x 24 RGB."""
    make = Maker(2000)
    rgb, grey, alpha, deep = make.rgb, make.grey, make.alpha, make.deep
    real = np.asarray(grey()).astype(np.float32) / 255
    frames = {"save_all": True, "append_images": [rgb()]}
    return {
        "rgba.png": (encoded(alpha("RGB")), REPAIRED),
        "rgba.webp": (encoded(alpha("RGB"), "WEBP"), REPAIRED),
        "grey_alpha.png": (encoded(alpha("L")), REPAIRED),
        "clear_colour.png": (encoded(rgb(), transparency=(0, 0, 0)), REPAIRED),
        "palette.png": (encoded(rgb().quantize(64)), REPAIRED),
        "clear_palette.png": (encoded(rgb().quantize(16), transparency=3), REPAIRED),
        "one_bit.png": (encoded(grey().convert("1")), REPAIRED),
        "fax.tif": (_fax(grey()), REPAIRED),
        "cmyk.jpg": (encoded(rgb().convert("CMYK"), "JPEG"), REPAIRED),
        "cmyk.tif": (encoded(rgb().convert("CMYK"), "TIFF"), REPAIRED),
        "lab.tif": (encoded(_lab(rgb()), "TIFF"), REPAIRED),
        "deep.png": (encoded(Image.fromarray(deep())), REPAIRED),
        "deep.tif": (encoded(Image.fromarray(deep()), "TIFF"), REPAIRED),
        "int32.tif": (
            encoded(Image.fromarray(deep().astype(np.int32)), "TIFF"),
            REPAIRED,
        ),
        "float.tif": (encoded(Image.fromarray(real), "TIFF"), REPAIRED),
        "turned.jpg": (encoded(rgb(), "JPEG", exif=exif_of(6)), REPAIRED),
        "mirrored.jpg": (encoded(rgb(), "JPEG", exif=exif_of(2)), REPAIRED),
        "upside_down.tif": (encoded(rgb(), "TIFF", tiffinfo={0x0112: 3}), REPAIRED),
        "still.gif": (encoded(rgb(), "GIF"), REPAIRED),
        "moving.gif": (encoded(rgb(), "GIF", **frames), REPAIRED),
        "pages.tif": (encoded(rgb(), "TIFF", **frames), REPAIRED),
        "moving.png": (encoded(rgb(), "PNG", **frames), REPAIRED),
        "wide.png": (encoded(rgb().resize((96, 20))), REPAIRED),
        "tall.jpg": (encoded(rgb().resize((9, 70)), "JPEG"), REPAIRED),
        "large.jpg": (encoded(rgb().resize((400, 300)), "JPEG"), REPAIRED),
        "dot.png": (encoded(rgb().resize((1, 1))), REPAIRED),
    }


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Files that are no use to anybody."""
    make = Maker(3000)
    jpeg, png = encoded(make.rgb(), "JPEG"), encoded(make.rgb())
    broken = np.full((SIDE, SIDE), np.nan, np.float32)
    below = np.full((SIDE, SIDE), -3.0, np.float32)
    return {
        "empty.jpg": (b"", SET_ASIDE),
        "cut.jpg": (jpeg[: len(jpeg) // 2], SET_ASIDE),
        "cut.png": (png[: len(png) // 2], SET_ASIDE),
        "header.png": (png[:33], SET_ASIDE),
        "zeros.png": (bytes(len(png)), SET_ASIDE),
        "note.jpg": (b"to do: ask for the image", SET_ASIDE),
        "login.png": (b"<html><body>Please log in</body></html>", SET_ASIDE),
        "bomb.png": (encoded(Image.new("1", (9000, 9000))), SET_ASIDE),
        "nan.tif": (encoded(Image.fromarray(broken), "TIFF"), SET_ASIDE),
        "below_zero.tif": (encoded(Image.fromarray(below), "TIFF"), SET_ASIDE),
    }


def _fax(image: Image.Image) -> bytes:
    return encoded(image.convert("1"), "TIFF", compression="group4")


def _lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    converted.info.pop("icc_profile", None)
    return converted


@pytest.fixture(scope="session")
def awkward() -> dict[str, tuple[bytes, str]]:
    """Awkward files by name: content, and `kept`, `repaired` or `set aside`."""
    return plain_files() | odd_files() | bad_files()


@pytest.fixture
def make_pictures() -> Callable[..., np.ndarray]:
    """Make `n` smooth pictures of which no two are alike, uint8 `(n, h, w, c)`."""
    return pictures


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """Encode a `PIL.Image` as bytes of a format."""
    return encoded


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., tuple[ImageStore, DatasetProfile]]:
    """Prepare images in a workspace of the test's own."""

    def run(
        images: Any, *, seed: int = 0, workspace: Path | None = None, **options: Any
    ) -> tuple[ImageStore, DatasetProfile]:
        return prepare_images(
            images,
            DataPreparationOptions(**options),
            seed=seed,
            workspace=workspace or tmp_path / "workspace",
        )

    return run


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write pictures as PNG files, a folder per class."""

    def make(n: int = 40, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
        folder = tmp_path / "images"
        for number, pixels in enumerate(pictures(n)):
            path = folder / classes[number % len(classes)] / f"{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
        return folder

    return make
