"""The profile describes the images before the search."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data.image_profile import (
    build_profile,
    contact_sheet,
    contact_sheet_png,
    counts_of,
    data_uri,
    intensity_of,
    intensity_warnings,
    leak_examples,
)
from kedro_nas.data.leaks import Leak
from kedro_nas.data.store import ImageStore
from kedro_nas.records.profile import Leaks, SetAside, Verdict


@pytest.fixture
def store(store_folder: Path) -> ImageStore:
    """Return forty images in two classes: 20 train, 10 val, 10 test."""
    return ImageStore.open(store_folder)


def records_of(n: int = 40, **columns: Any) -> pd.DataFrame:
    """Return what decoding found out about images; columns replace the usual."""
    usual: dict[str, Any] = {
        "height": 8,
        "width": 8,
        "mode": "L",
        "repairs": "",
        "mean": 100.0,
        "std": 20.0,
    }
    return pd.DataFrame({**usual, **columns}, index=range(n))


def read_png(uri: str) -> Image.Image:
    """Read an image out of a data URI or base64."""
    return Image.open(io.BytesIO(base64.b64decode(uri.rsplit(",", 1)[-1])))


def test_build_profile_counts_what_is_in_the_store(store: ImageStore) -> None:
    """Numbers of the store, and what was found while it was made."""
    records = records_of(
        height=[8] * 30 + [9] * 10,
        mode=["L"] * 39 + ["RGBA"],
        repairs=["resized"] * 2 + ["alpha composited; resized"] + [""] * 37,
    )
    found = build_profile(
        store,
        records,
        verdict=Verdict(n_train=20, n_folds=2, n_repeats=1),
        leaks=Leaks(
            exact_copies=0,
            near_copies=0,
            conflicting_labels=0,
            across_splits=0,
            removed=0,
        ),
        set_aside=SetAside(n=0, reasons={}),
        notes=["drawn"],
        warnings=["look"],
    )

    assert found.n_images == 40
    assert found.imbalance == 1.0
    assert found.sizes == {"8x8": 30, "9x8": 10}
    assert found.n_sizes == 2
    assert found.modes == {"L": 39, "RGBA": 1}
    assert found.repaired == {"resized": 3, "alpha composited": 1}
    assert (found.notes, found.warnings) == (("drawn",), ("look",))


def test_counts_of_each_split_and_class(store: ImageStore) -> None:
    """Classes by name, also where a split has none of them."""
    assert counts_of(store) == {
        "train": {"light": 10, "dark": 10},
        "val": {"light": 5, "dark": 5},
        "test": {"light": 5, "dark": 5},
    }


def test_intensity_of_images_counts_the_extremes() -> None:
    """Dark, bright and flat images are what a wrong scale looks like."""
    found = intensity_of(
        records_of(4, mean=[1.0, 15.9, 16.0, 250.0], std=[0.0, 5.0, 5.0, 5.0])
    )

    assert (found.nearly_black, found.nearly_white, found.of_one_level) == (2, 1, 1)
    assert found.mean == pytest.approx(70.72, abs=0.01)


def test_intensity_warnings_of_usual_images_are_none() -> None:
    """A tenth of dark images is not unusual."""
    usual = intensity_of(records_of(10, mean=[1.0] + [100.0] * 9))
    white = intensity_of(records_of(10, mean=[255.0] * 2 + [100.0] * 8))
    flat = intensity_of(records_of(10, std=[0.0] + [9.0] * 9))

    assert intensity_warnings(usual, 10) == []
    assert "2 of 10 images (20 %) are nearly white" in intensity_warnings(white, 10)[0]
    assert "have only one grey level" in intensity_warnings(flat, 10)[0]


def test_leak_examples_show_both_images_by_name() -> None:
    """Twelve at most, in the order of their names."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    names = [f"row {number:02d}" for number in range(40)]
    leaks = [Leak(number, number + 20, "near copy") for number in reversed(range(20))]
    found = leak_examples(leaks, names, pixels)

    assert len(found) == 12
    assert (found[0].held_out, found[0].training) == ("row 00", "row 20")
    assert np.array_equal(np.asarray(read_png(found[0].images[1])), pixels[20, ..., 0])


def test_contact_sheet_shows_each_class_and_no_test_image(store: ImageStore) -> None:
    """Eight examples of a class at most; the test stays unseen."""
    sheet = contact_sheet(store)
    shown = {np.asarray(read_png(uri)).tobytes() for of in sheet.values() for uri in of}
    test = {store.pixels[row].tobytes() for row in store.test_rows()}

    assert list(sheet) == ["light", "dark"]
    assert [len(of) for of in sheet.values()] == [8, 8]
    assert shown.isdisjoint(test)


def test_contact_sheet_png_is_one_picture_with_a_row_per_class(
    store: ImageStore,
) -> None:
    """kedro-viz shows it beside the dataset."""
    picture = read_png(contact_sheet_png(store))

    assert picture.format == "PNG"
    assert picture.size == (8 * 68, 2 * 68)


@pytest.mark.parametrize(
    ("shape", "size"), [((8, 6, 1), (6, 8)), ((200, 100, 3), (32, 64))]
)
def test_data_uri_is_a_small_png(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    """Large images are shrunk to 64 pixels a side; small ones stay as they are."""
    uri = data_uri(np.zeros(shape, np.uint8))

    assert uri.startswith("data:image/png;base64,")
    assert read_png(uri).size == size
