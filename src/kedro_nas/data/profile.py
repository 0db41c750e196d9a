"""What a person should know of the images before an hour is spent on them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from kedro_nas.data.decode import Pixels
from kedro_nas.data.leaks import Leak
from kedro_nas.data.store import ImageStore
from kedro_nas.number_text import percent

_EXAMPLES = 12
_DARK, _BRIGHT, _FLAT = 16.0, 239.0, 1.0  # grey levels
_SHEET_IMAGES = 240  # of all classes together
_MAX_ROWS = 20  # classes on the one picture
_THUMBNAIL = 64  # pixels


def describe_store(store: ImageStore) -> dict[str, Any]:
    """Counts, balance, fingerprint, warnings and examples of a finished store."""
    counts = counts_of(store)
    totals = np.bincount(store.labels, minlength=store.n_classes)
    return {
        "n_images": len(store),
        "image_shape": list(store.image_shape),
        "class_names": store.class_names,
        "counts": counts,
        "imbalance": round(float(totals.max() / totals.min()), 3),
        "fingerprint": store.fingerprint,
        "warnings": [
            f"Class '{name}' has no image in {split}."
            for split, of_class in counts.items()
            for name, count in of_class.items()
            if not count
        ],
        "contact_sheet": contact_sheet(store),
    }


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


def leak_examples(
    leaks: Sequence[Leak], names: Sequence[str], pixels: NDArray[np.uint8]
) -> list[dict[str, Any]]:
    """Show the first leaks by name: who was held out, who was a copy of it."""
    ordered = sorted(leaks, key=lambda leak: (names[leak.removed], names[leak.kept]))
    return [
        {
            "kind": leak.kind,
            "held_out": names[leak.kept],
            "training": names[leak.removed],
            "images": [data_uri(pixels[leak.kept]), data_uri(pixels[leak.removed])],
        }
        for leak in ordered[:_EXAMPLES]
    ]


def describe_pixels(records: pd.DataFrame) -> dict[str, Any]:
    """Sizes, modes, repairs and intensities of the images that were decoded."""
    sizes = records["height"].astype(str) + "x" + records["width"].astype(str)
    repairs = records["repairs"][records["repairs"] != ""].str.split("; ").explode()
    return {
        "sizes": sizes.value_counts().head(_EXAMPLES).to_dict(),
        "n_sizes": int(sizes.nunique()),
        "modes": records["mode"].value_counts().to_dict(),
        "repaired": repairs.value_counts().to_dict(),
        "intensity": {
            "mean": round(float(records["mean"].mean()), 2),
            "std": round(float(records["std"].mean()), 2),
            "nearly_black": int((records["mean"] < _DARK).sum()),
            "nearly_white": int((records["mean"] > _BRIGHT).sum()),
            "of_one_level": int((records["std"] < _FLAT).sum()),
        },
    }


def pixel_warnings(described: dict[str, Any], n: int) -> list[str]:
    """Return a sentence for each odd distribution of intensities."""
    intensity = described["intensity"]
    texts = (
        ("nearly_black", "are nearly black; check how they were scaled"),
        ("nearly_white", "are nearly white; check how they were scaled"),
        ("of_one_level", "are of one grey level and show nothing"),
    )
    return [
        f"{intensity[key]} of {n} images ({percent(intensity[key] / n, 0)}) {text}."
        for key, text in texts
        if intensity[key] > 0.1 * n or (key == "of_one_level" and intensity[key])
    ]


def contact_sheet(store: ImageStore) -> dict[str, list[str]]:
    """Pick examples of each class that is not test, as PNG data URIs."""
    return {
        name: [data_uri(store.pixels[row]) for row in rows]
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
    """The images of least identity, so that another order of rows shows the same."""
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
