"""The preprocessing contract: how an image becomes the pixels a model takes."""

from __future__ import annotations

from typing import ClassVar, Literal

from kedro_nas.records.base import Record


class Preprocessing(Record):
    """How an image is read, and what the exported model takes and returns.

    It is the same for the images of the training and for new ones. The steps in order:
    decode the first frame; turn it as EXIF says; put the background behind transparent
    pixels; bring 1-bit, 16-bit and 32-bit levels to 0-255; convert to `channels`;
    resize, bilinear with antialiasing.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 (grey, ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B) or 3 (RGB).
        fit: How another aspect ratio is fitted: `pad` resizes so that the whole image
            is inside and fills the rest with the background, the image centred; `crop`
            resizes so that the size is covered and keeps the centre; `stretch` changes
            the ratio.
        background: Grey level behind transparent pixels and of padding, 0 to 255.
        max_pixels: Larger images are refused before they are decoded.
        formats: Image formats that are decoded, by Pillow's names; others are refused,
            as decoding them starts programs or reads further files.
        pixel_scale: Factor for the numbers of arrays that are not uint8, as derived
            from all images of the training; None if each image is scaled by its type.
        class_names: In the order of the probabilities.
        value_range: Lowest and highest value of a pixel that the model takes; scaling
            is inside the model.
        order: Order of the axes.
    """

    dataset: ClassVar[str] = "exports"
    stage: ClassVar[str] = "export"

    height: int
    width: int
    channels: Literal[1, 3]
    fit: Literal["pad", "crop", "stretch"]
    background: int
    max_pixels: int
    formats: tuple[str, ...]
    pixel_scale: float | None = None
    class_names: tuple[str, ...]
    value_range: tuple[int, int] = (0, 255)
    order: Literal["batch, height, width, channels"] = "batch, height, width, channels"
