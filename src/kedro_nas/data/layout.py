"""The common shape of all images, and how they are brought to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kedro_nas.data.decode import Pixels, strips
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions

_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"


@dataclass(frozen=True)
class Layout:
    """Shape of the images in the store, and how images of other shapes are fitted.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 or 3.
        fit: `pad`, `crop` or `stretch`.
        background: Grey level of padding and behind transparent pixels, 0 to 255.
    """

    height: int
    width: int
    channels: int
    fit: str
    background: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    @property
    def n_bytes(self) -> int:
        """Bytes of one image."""
        return self.height * self.width * self.channels


def resolve_layout(
    sizes: NDArray[np.integer],
    grey: NDArray[np.bool_] | Sequence[bool],
    options: DataPreparationOptions,
) -> Layout:
    """Derive the layout from the sizes and modes of all images.

    Args:
        sizes: Native height and width, `(n, 2)`.
        grey: Whether each image has one channel, `(n,)`.
        options: `image_size`, `max_side`, `channels`, `fit` and `background` are read.

    Raises:
        DataError: `image_size` is `native`, but the sizes differ.
    """
    channels = options.channels
    if channels == "auto":
        channels = 1 if np.all(grey) else 3
    height, width = _side_lengths(np.asarray(sizes), options)
    return Layout(height, width, channels, options.fit, options.background)


def _side_lengths(
    sizes: NDArray[np.integer], options: DataPreparationOptions
) -> tuple[int, int]:
    wanted = options.image_size
    if not isinstance(wanted, str):
        return wanted
    distinct, counts = np.unique(sizes, axis=0, return_counts=True)
    if wanted == "native":
        if len(distinct) > 1:
            common = distinct[np.argsort(-counts, kind="stable")[:3]].tolist()
            raise DataError(
                "images are of several sizes, but image_size is native",
                received=f"{len(distinct)} sizes, most often "
                + ", ".join(f"{h}x{w}" for h, w in common),
                allowed="one size",
                remedy="Set data_preparation.image_size to auto or to [height, width]",
            )
        return int(distinct[0][0]), int(distinct[0][1])
    height, width = np.median(sizes, axis=0)
    if len(distinct) > 1:
        # multiples of 8 can be halved three times without a remainder
        height, width = (max(8.0, 8 * round(side / 8)) for side in (height, width))
    shrink = min(1.0, options.max_side / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def fit_pixels(pixels: Pixels, layout: Layout) -> tuple[Pixels, str | None]:
    """Fit one image to a layout.

    Args:
        pixels: uint8 `(h, w, 1 or 3)`.
        layout: `pad` and `crop` keep the aspect ratio, `stretch` does not.

    Returns:
        uint8 pixels of `layout.shape`, and a description of the change or None.
    """
    pixels = _to_channels(pixels, layout.channels)
    height, width = pixels.shape[:2]
    if (height, width) == (layout.height, layout.width):
        return pixels, None
    ratios = layout.height / height, layout.width / width
    if layout.fit == "stretch":
        return _resize(pixels, layout.height, layout.width), "resized"
    ratio = min(ratios) if layout.fit == "pad" else max(ratios)
    inner_height = max(1, round(height * ratio))
    inner_width = max(1, round(width * ratio))
    inner = _resize(pixels, inner_height, inner_width)
    if inner.shape[:2] == (layout.height, layout.width):
        return inner, "resized"
    if layout.fit == "crop":
        top = (inner_height - layout.height) // 2
        left = (inner_width - layout.width) // 2
        return (
            inner[top : top + layout.height, left : left + layout.width],
            "resized and cropped",
        )
    canvas = np.full(layout.shape, layout.background, np.uint8)
    top = (layout.height - inner_height) // 2
    left = (layout.width - inner_width) // 2
    canvas[top : top + inner_height, left : left + inner_width] = inner
    return canvas, "resized and padded"


def shrunk(pixels: Pixels) -> Pixels:
    """Reduce large images by averaging blocks, for statistics that need no detail.

    Args:
        pixels: uint8 `(n, h, w, c)`.

    Returns:
        Unchanged if the shorter side is under 128, else with one of 64 to 127.
    """
    factor = min(pixels.shape[1:3]) // 64
    if factor < 2:
        return pixels
    small = [np.asarray(_as_image(image).reduce(factor)) for image in pixels]
    return np.stack(small).reshape(len(small), *small[0].shape[:2], pixels.shape[3])


def to_grey(pixels: Pixels) -> NDArray[np.float32]:
    """Return the luminance of the channels, `(..., c)` to float32 `(...)`."""
    if pixels.shape[-1] == 1:
        return pixels[..., 0].astype(np.float32)
    return pixels.astype(np.float32) @ _GREY


def _to_channels(pixels: Pixels, channels: int) -> Pixels:
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    grey = np.empty((*pixels.shape[:2], 1), np.uint8)
    for top, bottom in strips(*pixels.shape[:2]):
        grey[top:bottom, :, 0] = np.rint(to_grey(pixels[top:bottom]))
    return grey


def _as_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _resize(pixels: Pixels, height: int, width: int) -> Pixels:
    image = _as_image(pixels)
    # Pillow's bilinear filter widens when it reduces, which avoids aliasing
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return resized[..., None] if resized.ndim == 2 else resized
