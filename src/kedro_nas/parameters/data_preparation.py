"""Options of `params:nas.data_preparation`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from kedro_nas.parameters.base import Options

Side = Annotated[int, Field(ge=1, le=4096)]


def _read_size(value: Any) -> Any:
    """Return a square for one number, as `--params` cannot pass a list."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return (value, value) if is_number else value


ImageSize = Annotated[
    Literal["native", "auto"] | tuple[Side, Side], BeforeValidator(_read_size)
]


class DataPreparationOptions(Options):
    """How images are read, cleaned, split and judged.

    Attributes:
        image_column: Column of images in a table; None looks for a common name.
        label_column: Column of labels; None looks for a common name.
        split_column: Column of given splits; None uses `split` if there is one.
        group_column: Column of groups that must not be divided between splits (patient,
            video).
        image_size: `native` requires one size, `auto` uses the median, at most
            `max_side`; or `[height, width]` in pixels, one number for a square.
        max_side: Pixels of the longer side, at most, where `image_size` is `auto`.
        max_images: Size of a stratified subset, for a trial run; None for all images.
        channels: `auto` (1 if all images are grey, else 3), 1 or 3.
        fit: How an image of another aspect ratio is fitted to the size.
        background: Grey level behind transparent pixels and around padded images.
        max_pixels: An image with more pixels is rejected as a decompression bomb.
        max_bad_fraction: Share of unusable images above which the stage stops.
        test_share: Share of the images for the test if no split is given.
        validation_share: Share of the rest for validation if no split is given.
        n_folds: Folds over all images that are not test.
        n_repeats: Number of random divisions into folds; `auto` is 3 on small data,
            else 1.
        near_duplicates: Whether to look for re-encoded and resized copies, not only
            exact ones.
        on_leak: What to do with training images that are copies of test images.
        on_small_data: Whether small data changes settings, only warns, or stops the
            stage.
        max_disk_gb: Largest pixel store, in 10^9 bytes.
        n_workers: Processes that decode; None for one per core.
    """

    section: ClassVar[str] = "data_preparation"

    image_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    image_size: ImageSize = "auto"
    max_side: Side = 224
    max_images: int | None = Field(None, ge=1)
    channels: Literal["auto", 1, 3] = "auto"
    fit: Literal["pad", "crop", "stretch"] = "pad"
    background: int = Field(255, ge=0, le=255)
    max_pixels: int = Field(50_000_000, ge=1)
    max_bad_fraction: float = Field(0.01, ge=0, le=1)
    test_share: float = Field(0.2, gt=0, lt=1)
    validation_share: float = Field(0.2, gt=0, lt=1)
    n_folds: int = Field(5, ge=2, le=20)
    n_repeats: Literal["auto"] | Annotated[int, Field(ge=1, le=20)] = "auto"
    near_duplicates: bool = True
    on_leak: Literal["remove", "warn", "stop"] = "remove"
    on_small_data: Literal["adapt", "warn", "stop"] = "adapt"
    max_disk_gb: float = Field(50.0, gt=0)
    n_workers: int | None = Field(None, ge=1)
