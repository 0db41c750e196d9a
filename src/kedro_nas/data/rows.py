"""Table of the usable rows of a listing, before any pixel is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.data.labels import encode_labels, encode_splits, folded
from kedro_nas.data.sources.base import Listing, Source
from kedro_nas.data.splits import stratified_group_split
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions


@dataclass
class Rows:
    """Usable rows, and rows that were set aside.

    Attributes:
        table: A row per image: `row` (position in the listing), `label`, `split`
            (`train`, `val`, `test`, or empty if not given), `group` (text or
            None), `group_id` (uint64, 0 for none), `source` (path or row).
        class_names: Names of the labels.
        set_aside: `source` and `reason` of rows that cannot be used.
        has_splits: Whether splits are given.
    """

    table: pd.DataFrame
    class_names: list[str]
    set_aside: pd.DataFrame
    has_splits: bool


def usable_rows(listing: Listing) -> Rows:
    """Encode labels, splits and groups; rows without a label are set aside.

    Raises:
        DataError: Labels or splits are not valid.
    """
    labels = encode_labels(listing.labels)
    names = [str(name) for name in listing.names]
    table = pd.DataFrame(
        {
            "row": np.arange(len(listing), dtype=np.int64),
            "label": labels.ids,
            "split": "" if listing.splits is None else encode_splits(listing.splits),
            "group": _group_names(listing),
            "source": names,
        }
    )
    table["group_id"] = _group_ids(table["group"])
    unlabelled = table["label"] < 0
    set_aside = table.loc[unlabelled, ["source"]].assign(reason="no label")
    return Rows(
        table[~unlabelled].reset_index(drop=True),
        labels.class_names,
        set_aside.reset_index(drop=True),
        listing.splits is not None,
    )


def sample_rows(rows: Rows, source: Source, max_images: int | None, seed: int) -> None:
    """Reduce the table to a stratified sample that is independent of the row order."""
    table = rows.table
    if max_images is None or max_images >= len(table):
        return
    strata = pd.factorize(table["split"] + "|" + table["label"].astype(str), sort=True)
    identity = source.identities(table["row"].to_numpy())
    share = max_images / len(table)
    part = stratified_group_split(
        strata[0], identity, [share, 1 - share], seed=seed, purpose="max_images"
    )
    rows.table = table[part == 0].reset_index(drop=True)


def check_classes(
    labels: NDArray[np.integer],
    units: NDArray[Any],
    class_names: list[str],
    options: DataPreparationOptions,
    *,
    of: str = "images",
) -> None:
    """Check that every class has at least one unit for each fold.

    Args:
        labels: Class numbers of all rows that are not test.
        units: Identity per row; rows with one identity stay together.
        class_names: Names of the classes.
        options: `n_folds` and `max_images` are read.
        of: Name of the units for the message.

    Raises:
        DataError: A class has fewer units than there are folds.
    """
    pairs = pd.DataFrame({"label": labels, "unit": units}).drop_duplicates()
    counts = np.bincount(pairs["label"], minlength=len(class_names))
    short = np.flatnonzero(counts < options.n_folds)
    if len(short):
        listed = ", ".join(_short_class(i, counts, class_names) for i in short[:5])
        more = f" and {len(short) - 5} more classes" if len(short) > 5 else ""
        sampled = ", raise max_images" if options.max_images else ""
        raise DataError(
            "no valid split is possible: a class has fewer images than there are folds",
            received=f"{of} that are not test: {listed}{more}",
            allowed=f"at least {options.n_folds} in each class (n_folds)",
            remedy=f"Add images, drop or merge the class{sampled}, "
            "or lower data_preparation.n_folds",
        )


def _short_class(
    label: int, counts: NDArray[np.integer], class_names: list[str]
) -> str:
    """Describe a class that is too small, with a similarly spelt class if any."""
    text = f"'{class_names[label]}' {counts[label]}"
    alike = [
        other
        for other, name in enumerate(class_names)
        if other != label and folded(name) == folded(class_names[label])
    ]
    if not alike:
        return text
    largest = max(alike, key=lambda other: int(counts[other]))
    return f"{text}, beside '{class_names[largest]}' {counts[largest]}"


def _group_names(listing: Listing) -> list[str | None]:
    if listing.groups is None:
        return [None] * len(listing)
    return [None if group is None else str(group) for group in listing.groups]


def _group_ids(groups: pd.Series) -> NDArray[np.uint64]:
    ids = {
        name: int.from_bytes(
            hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"
        )
        for name in groups.dropna().unique()
    }
    return np.array([ids.get(name, 0) for name in groups], np.uint64)
