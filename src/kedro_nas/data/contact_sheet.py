"""Examples of each class, to look at before anything is trained."""

from __future__ import annotations

import base64
import io

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from kedro_nas.data.decode import Pixels
from kedro_nas.data.store import ImageStore

_SHEET_IMAGES = 240  # of all classes together
_MAX_ROWS = 20  # classes on the one picture
_THUMBNAIL = 64  # pixels


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
