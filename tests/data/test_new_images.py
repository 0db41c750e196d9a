"""New images of every source, decoded in parts as those of the training were."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data import chunks, new_images, pool
from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import (
    NewImages,
    decode_in_parts,
    list_new_images,
    preprocessing_of,
)
from kedro_nas.data.sources.base import Source
from kedro_nas.errors import DataError

N = 6
CONTRACT = preprocessing_of(Layout(24, 24, 3, "pad", 255), ["a", "b"], 10_000, None)


def _folder(pixels: np.ndarray, root: Path) -> Any:
    for number, image in enumerate(pixels):
        place = root / ("deep" if number % 2 else ".")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number}.png")
    return str(root)


def _manifest(pixels: np.ndarray, root: Path) -> Any:
    _folder(pixels, root)
    names = [f"{'deep/' * (n % 2)}{n}.png" for n in range(len(pixels))]
    pd.DataFrame({"file_name": names}).to_csv(root / "new.csv", index=False)
    return str(root / "new.csv")


def _parquet(pixels: np.ndarray, root: Path) -> Any:
    _folder(pixels, root)
    content = [
        (root / f"{'deep/' * (n % 2)}{n}.png").read_bytes() for n in range(len(pixels))
    ]
    pd.DataFrame({"image": content}).to_parquet(root / "new.parquet")
    return str(root / "new.parquet")


def _npz(pixels: np.ndarray, root: Path) -> Any:
    root.mkdir()
    np.savez(root / "new.npz", images=pixels)
    return str(root / "new.npz")


KINDS: dict[str, Callable[[np.ndarray, Path], Any]] = {
    "folder": _folder,
    "manifest": _manifest,
    "parquet": _parquet,
    "npz": _npz,
    "array": lambda pixels, _: pixels,
    "dictionary": lambda pixels, _: {"x": pixels},
    "labelled": lambda pixels, _: (pixels, [0] * len(pixels)),
    "frame": lambda pixels, _: pd.DataFrame({"image": list(pixels)}),
    "partitions": lambda pixels, _: {
        f"{n}.png": Image.fromarray(p) for n, p in enumerate(pixels)
    },
}


def decoded(images: NewImages, **options: Any) -> np.ndarray:
    parts = decode_in_parts(images, CONTRACT, **{"n_workers": 1, **options})
    return np.concatenate([part.pixels for part in parts])


@pytest.mark.parametrize("kind", KINDS)
def test_new_images_of_every_source_need_no_label(
    kind: str, make_pictures: Any, tmp_path: Path
) -> None:
    """All images are listed, in one order, and decoded to the same pixels."""
    pixels = make_pictures(N)
    listed = list_new_images(KINDS[kind](pixels, tmp_path / "new"), CONTRACT)
    found = decoded(listed)
    order = range(N)
    if kind == "folder":
        order = [int(Path(name).stem) for name in listed.names]

    assert len(listed) == N
    assert sorted(order) == list(range(N))
    assert np.array_equal(found, pixels[list(order)])


@pytest.mark.parametrize("kind", ["array", "npz", "frame"])
def test_new_images_of_numbers_have_the_scale_of_the_training(
    kind: str, tmp_path: Path
) -> None:
    """Of every source; a number above the range of the training becomes 255."""
    contract = CONTRACT.model_copy(update={"pixel_scale": 255 / 16})
    numbers = np.full((2, 24, 24, 3), 4.0)
    numbers[1] = 17
    images = KINDS[kind](numbers, tmp_path / "new")
    listed = list_new_images(images, contract)
    (part,) = decode_in_parts(listed, contract, n_workers=1)

    assert np.unique(part.pixels[0]).tolist() == [round(4 * 255 / 16)]
    assert np.unique(part.pixels[1]).tolist() == [255]


@pytest.mark.parametrize(
    ("fit", "corner"), [("pad", 100), ("crop", 7), ("stretch", 200)]
)
def test_new_images_are_fitted_as_those_of_the_training(fit: Any, corner: int) -> None:
    """Another aspect ratio is padded, cut or stretched as the contract says."""
    layout = Layout(24, 24, 3, fit, 100)
    contract = preprocessing_of(layout, ["a", "b"], 10_000, None)
    wide = np.full((1, 12, 24, 3), 7, np.uint8)
    wide[:, :, :5] = 200
    listed = list_new_images(wide, contract)
    (part,) = decode_in_parts(listed, contract, n_workers=1)

    assert part.pixels[0, 0, 0].tolist() == [corner] * 3


def test_new_images_over_the_limit_are_faults(make_pictures: Any) -> None:
    """The limit of the training counts, and the others are decoded."""
    images = [make_pictures(1)[0], np.zeros((101, 100, 3), np.uint8)]
    listed = list_new_images(pd.DataFrame({"image": images}), CONTRACT)
    (part,) = decode_in_parts(listed, CONTRACT, n_workers=1)

    assert part.faults == ["", "oversized: 101x100x3 pixels"]
    assert not part.pixels[1].any()


def test_new_images_that_crash_their_process_are_faults(
    make_pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One image that kills the decoder costs no other image."""
    monkeypatch.setattr(pool, "FORK_PAYS_AFTER_S", 0.0)
    monkeypatch.setattr(pool, "_may_fork", lambda: True)
    parent, whole = os.getpid(), new_images.decode_images

    def deadly(raws: list[Any], *others: Any) -> Any:
        if os.getpid() != parent and any(getattr(r, "max", int)() == 0 for r in raws):
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(raws, *others)

    monkeypatch.setattr(new_images, "decode_images", deadly)
    pixels = np.maximum(make_pictures(N), 1)
    pixels[2] = 0
    listed = list_new_images(pixels, CONTRACT)
    parts = list(decode_in_parts(listed, CONTRACT, n_workers=2))
    faults = [fault for part in parts for fault in part.faults]

    assert [bool(fault) for fault in faults] == [n == 2 for n in range(N)]
    assert "crashed the process" in faults[2]


def test_new_images_are_held_in_parts(
    make_pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by the part, not by the number of images."""
    monkeypatch.setattr(chunks, "_CHUNK_IMAGES", 4)
    listed = list_new_images(make_pictures(N), CONTRACT)
    parts = list(decode_in_parts(listed, CONTRACT, n_workers=1))

    assert [len(part) for part in parts] == [4, 2]


def test_new_images_that_vanish_are_told(make_pictures: Any) -> None:
    """Fewer images than were listed are no table of fewer rows."""
    listed = list_new_images(make_pictures(N), CONTRACT)
    names = [*listed.names, "another"]

    class Short(Source):
        """A source that gives fewer images than it has listed."""

        describe = listing = None  # type: ignore[assignment]

        def read(self, rows: Any) -> Any:
            return listed.source.read(rows[:-1])

    with pytest.raises(DataError, match="changed while they were read"):
        decoded(NewImages(Short.__new__(Short), names, ()))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (pd.DataFrame({"photo_of_it": ["a.png"]}), "image_column"),
        (np.zeros((0, 8, 8), np.uint8), "no image"),
        ({"weights": np.zeros(3)}, "the names weights"),
    ],
)
def test_new_images_that_cannot_be_found_say_what_is_missing(
    images: Any, said: str
) -> None:
    """One message, before anything is decoded."""
    with pytest.raises(DataError, match=said):
        list_new_images(images, CONTRACT)
