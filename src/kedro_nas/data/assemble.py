"""Splits, folds, index and fingerprint: a store from decoded and checked images."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.data.layout import Layout
from kedro_nas.data.splits import stratified_group_split
from kedro_nas.data.store import FORMAT, ImageStore, StoreDescription
from kedro_nas.errors import DataError
from kedro_nas.files import write_atomically, write_json
from kedro_nas.number_text import percent
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.preprocessing import Preprocessing
from kedro_nas.records.profile import Verdict


def draw_splits(
    table: pd.DataFrame, options: DataPreparationOptions, seed: int
) -> tuple[NDArray[np.str_], list[str]]:
    """Keep given splits; draw a missing test split, then a missing validation split.

    Args:
        table: `label`, `split` (empty if not given) and `unit` of each row.
        options: `test_share` and `validation_share` are read.
        seed: The root seed.

    Returns:
        The split of each row, and a sentence for each split that was drawn.

    Raises:
        DataError: There are given splits, but none to train on.
    """
    split = table["split"].to_numpy(dtype="U5").copy()
    given = set(np.unique(split)) - {""}
    split[split == ""] = "train"
    notes = []
    if given and "train" not in given:
        raise DataError(
            "the given splits leave nothing to train on",
            received=", ".join(sorted(given)),
            allowed="train, and optionally test and val",
            remedy="Correct the split column",
        )
    for name, share in (
        ("test", options.test_share),
        ("val", options.validation_share),
    ):
        if name in given:
            continue
        rows = np.flatnonzero(split == "train")
        part = stratified_group_split(
            table["label"].to_numpy()[rows],
            table["unit"].to_numpy()[rows],
            [share, 1 - share],
            seed=seed,
            purpose=name,
        )
        split[rows[part == 0]] = name
        notes.append(
            f"The {name} split was drawn from train, {percent(share, 0)} of it."
        )
    return split, notes


def draw_folds(table: pd.DataFrame, verdict: Verdict, seed: int) -> pd.DataFrame:
    """Draw the folds of the cross-validation over all rows that are not test."""
    dev = np.flatnonzero(table["split"] != "test")
    n_folds = verdict.n_folds
    folds = {}
    for repeat in range(verdict.n_repeats):
        fold = np.full(len(table), -1, np.int8)
        fold[dev] = stratified_group_split(
            table["label"].to_numpy()[dev],
            table["unit"].to_numpy()[dev],
            [1 / n_folds] * n_folds,
            seed=seed,
            purpose=f"fold_{repeat}",
        )
        folds[f"fold_{repeat}"] = fold
    return pd.DataFrame(folds)


def write_store(
    folder: Path,
    index: pd.DataFrame,
    layout: Layout,
    class_names: list[str],
    verdict: Verdict,
    preprocessing: Preprocessing,
) -> ImageStore:
    """Write index and description into the folder of the pixels, the description last.

    Args:
        folder: Already contains `pixels.npy`.
        index: The rows of `index.parquet`, in the order of the pixels.
        layout: Shape of the images.
        class_names: Names of the labels.
        verdict: `n_folds` and `n_repeats` are read.
        preprocessing: How the images became these pixels.
    """
    write_atomically(
        folder / "index.parquet",
        lambda file: index.to_parquet(file, index=False) and None,
    )
    numbers = [len(index), verdict.n_folds, verdict.n_repeats]
    fit = [layout.fit, layout.background]
    described = [FORMAT, list(layout.shape), class_names, *numbers, *fit]
    description = StoreDescription(
        format=FORMAT,
        image_shape=layout.shape,
        class_names=class_names,
        n_images=len(index),
        n_folds=verdict.n_folds,
        n_repeats=verdict.n_repeats,
        fingerprint=_fingerprint(index, described),
        preprocessing=preprocessing,
    )
    write_json(folder / "store.json", description.model_dump(mode="json"))
    return ImageStore.open(folder)


def name_changes(old: pd.DataFrame, new: pd.DataFrame) -> str:
    """Describe how one index differs from an earlier one, e.g. `3 images added`.

    Args:
        old: `image_id`, `label_name` and `split` of the earlier images.
        new: The same columns of the new images.
    """
    before, after = (frame.drop_duplicates("image_id") for frame in (old, new))
    both = before.merge(after, on="image_id", suffixes=("_old", "_new"))
    counts = (
        ("images added", len(after) - len(both)),
        ("images removed", len(before) - len(both)),
        ("labels changed", (both["label_name_old"] != both["label_name_new"]).sum()),
        ("splits changed", (both["split_old"] != both["split_new"]).sum()),
    )
    parts = [f"{count} {what}" for what, count in counts if count]
    return ", ".join(parts) or "only order or parameters changed"


def _fingerprint(index: pd.DataFrame, values: list[Any]) -> str:
    digest = hashlib.blake2b(repr(values).encode(), digest_size=16)
    columns = ["image_id", "label", "split"]
    columns += [name for name in index.columns if name.startswith("fold_")]
    for column in columns:
        digest.update("\x1f".join(map(str, index[column].tolist())).encode())
    return digest.hexdigest()
