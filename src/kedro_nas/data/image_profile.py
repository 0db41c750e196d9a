"""The profile of prepared images: counts, warnings, examples."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from kedro_nas.data.decode import Pixels
from kedro_nas.data.labels import look_alikes
from kedro_nas.data.leaks import Leak
from kedro_nas.data.store import ImageStore
from kedro_nas.number_text import percent
from kedro_nas.records.profile import (
    DatasetProfile,
    Intensity,
    LeakExample,
    Leaks,
    SetAside,
    Verdict,
)

_EXAMPLES = 12
_DARK, _BRIGHT, _FLAT = 16.0, 239.0, 1.0  # grey levels: mean, mean, deviation
_SHEET_IMAGES = 240  # of all classes together
_MAX_ROWS = 20  # classes on the one picture
_THUMBNAIL = 64  # pixels


def build_profile(
    store: ImageStore,
    records: pd.DataFrame,
    *,
    verdict: Verdict,
    leaks: Leaks,
    set_aside: SetAside,
    notes: Sequence[str],
    warnings: Sequence[str],
) -> DatasetProfile:
    """Describe a finished store and the preparation of its images.

    Args:
        store: The store.
        records: The decoding records of the images of the store, a row each; see
            `chunks.RECORD_COLUMNS`.
        verdict: The settings that later stages derive.
        leaks: Copies among the images.
        set_aside: Images that are not used.
        notes: Sentences about splits that were drawn.
        warnings: Sentences about earlier steps; those about intensities, class names
            and empty classes are added.

    Returns:
        The profile, without source, changes and duration.
    """
    counts = counts_of(store)
    totals = np.bincount(store.labels, minlength=store.n_classes)
    sizes = records["height"].astype(str) + "x" + records["width"].astype(str)
    repairs = records["repairs"][records["repairs"] != ""].str.split("; ").explode()
    intensity = intensity_of(records)
    return DatasetProfile(
        n_images=len(store),
        image_shape=store.image_shape,
        class_names=tuple(store.class_names),
        counts=counts,
        imbalance=round(float(totals.max() / totals.min()), 3),
        fingerprint=store.fingerprint,
        warnings=(
            *warnings,
            *intensity_warnings(intensity, len(store)),
            *look_alikes(store.class_names),
            *_empty_classes(counts),
        ),
        notes=tuple(notes),
        set_aside=set_aside,
        leaks=leaks,
        sizes=sizes.value_counts().head(_EXAMPLES).to_dict(),
        n_sizes=int(sizes.nunique()),
        modes=records["mode"].value_counts().to_dict(),
        repaired=repairs.value_counts().to_dict(),
        intensity=intensity,
        contact_sheet=contact_sheet(store),
        verdict=verdict,
    )


def counts_of(store: ImageStore) -> dict[str, dict[str, int]]:
    """Count images by split and class."""
    return {
        split: dict(
            zip(
                store.class_names,
                np.bincount(
                    store.labels[store.split == split], minlength=store.n_classes
                ).tolist(),
                strict=True,
            )
        )
        for split in ("train", "val", "test")
    }


def _empty_classes(counts: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"Class '{name}' has no image in {split}."
        for split, of_class in counts.items()
        for name, count in of_class.items()
        if not count
    ]


def leak_examples(
    leaks: Sequence[Leak], names: Sequence[str], pixels: NDArray[np.uint8]
) -> tuple[LeakExample, ...]:
    """Return the first leaks by name, each with both images.

    Args:
        leaks: Leaks by row number.
        names: Path or row of each image.
        pixels: Pixels of each image.
    """
    ordered = sorted(leaks, key=lambda leak: (names[leak.removed], names[leak.kept]))
    return tuple(
        LeakExample(
            kind=leak.kind,
            held_out=names[leak.kept],
            training=names[leak.removed],
            images=(data_uri(pixels[leak.kept]), data_uri(pixels[leak.removed])),
        )
        for leak in ordered[:_EXAMPLES]
    )


def intensity_of(records: pd.DataFrame) -> Intensity:
    """Summarise the grey levels of images from their `mean` and `std`."""
    return Intensity(
        mean=round(float(records["mean"].mean()), 2),
        std=round(float(records["std"].mean()), 2),
        nearly_black=int((records["mean"] < _DARK).sum()),
        nearly_white=int((records["mean"] > _BRIGHT).sum()),
        of_one_level=int((records["std"] < _FLAT).sum()),
    )


def intensity_warnings(intensity: Intensity, n_images: int) -> list[str]:
    """Return a sentence for each unusual distribution of intensities.

    >>> dark = Intensity(
    ...     mean=3.0, std=1.5, nearly_black=9, nearly_white=0, of_one_level=0
    ... )
    >>> intensity_warnings(dark, 10)
    ['9 of 10 images (90 %) are nearly black; check how they were scaled.']
    """
    found = (
        (intensity.nearly_black, 0.1, "are nearly black; check how they were scaled"),
        (intensity.nearly_white, 0.1, "are nearly white; check how they were scaled"),
        (intensity.of_one_level, 0.0, "have only one grey level"),
    )
    return [
        f"{count} of {n_images} images ({percent(count / n_images, 0)}) {text}."
        for count, allowed_share, text in found
        if count > allowed_share * n_images
    ]


def contact_sheet(store: ImageStore) -> dict[str, tuple[str, ...]]:
    """Pick examples of each class that is not test, as PNG data URIs."""
    return {
        name: tuple(data_uri(store.pixels[row]) for row in rows)
        for name, rows in zip(store.class_names, _examples(store), strict=True)
    }


def contact_sheet_png(store: ImageStore) -> str:
    """Draw the examples as one picture, a row per class, base64 of a PNG."""
    rows = _examples(store)[:_MAX_ROWS]
    side = _THUMBNAIL + 4
    sheet = Image.new("RGB", (side * max(map(len, rows)), side * len(rows)), "white")
    for i, row in enumerate(rows):
        for j, number in enumerate(row):
            sheet.paste(_thumbnail(store.pixels[number]), (j * side + 2, i * side + 2))
    return base64.b64encode(_png(sheet)).decode()


def data_uri(pixels: Pixels) -> str:
    """Encode one image as a PNG data URI, at most 64 pixels a side."""
    return (
        "data:image/png;base64," + base64.b64encode(_png(_thumbnail(pixels))).decode()
    )


def _examples(store: ImageStore) -> list[NDArray[np.int64]]:
    """Choose rows of each class by `image_id`, independent of the order of rows."""
    per_class = int(np.clip(_SHEET_IMAGES // store.n_classes, 1, 8))
    rows = store.rows("dev")
    frame = pd.DataFrame({"row": rows, "label": store.labels[rows]})
    frame["id"] = store.index["image_id"].to_numpy()[rows]
    chosen = frame.sort_values("id").groupby("label").head(per_class)
    return [
        chosen.loc[chosen["label"] == label, "row"].to_numpy(np.int64)
        for label in range(store.n_classes)
    ]


def _thumbnail(pixels: Pixels) -> Image.Image:
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return image


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
