"""Splits, folds, index and fingerprint of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_nas.data.assemble import draw_folds, draw_splits, name_changes, write_store
from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.profile import Verdict

VERDICT = Verdict(n_train=60, n_folds=4, n_repeats=2)
LAYOUT = Layout(4, 6, 1, "pad", 255)


def table_of(splits: list[str], n_classes: int = 2) -> pd.DataFrame:
    """Return a row per split, with labels in turn and a unit of its own."""
    n = len(splits)
    return pd.DataFrame(
        {
            "label": np.arange(n) % n_classes,
            "split": splits,
            "unit": np.arange(n, dtype=np.uint64) * np.uint64(7919) + np.uint64(1),
        }
    )


def test_draw_splits_take_the_shares_of_the_options() -> None:
    """The test is drawn from all, the validation from what is left."""
    options = DataPreparationOptions(test_share=0.2, validation_share=0.25)
    split, notes = draw_splits(table_of([""] * 100), options, seed=0)

    assert pd.Series(split).value_counts().to_dict() == {
        "train": 60,
        "test": 20,
        "val": 20,
    }
    assert notes == [
        "The test split was drawn from train, 20 % of it.",
        "The val split was drawn from train, 25 % of it.",
    ]


def test_draw_splits_keep_those_that_are_given() -> None:
    """A given test is never drawn again; only the validation is missing."""
    given_splits = ["train"] * 80 + ["test"] * 20
    split, notes = draw_splits(table_of(given_splits), DataPreparationOptions(), seed=0)

    assert (split[80:] == "test").all()
    assert not (split[:80] == "test").any()
    assert len(notes) == 1


def test_draw_splits_of_all_three_draw_nothing() -> None:
    """With train, val and test given there is nothing to note."""
    given_splits = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    split, notes = draw_splits(table_of(given_splits), DataPreparationOptions(), seed=0)

    assert split.tolist() == given_splits
    assert notes == []


def test_draw_splits_without_a_training_split_is_an_error() -> None:
    """Nothing can be learnt from a test alone."""
    with pytest.raises(DataError, match=r"nothing to train on. Received: test, val"):
        draw_splits(table_of(["test", "val"]), DataPreparationOptions(), seed=0)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_draw_folds_hold_each_class_in_every_fold(seed: int) -> None:
    """Test rows are in no fold; the others are in one of each repeat, in proportion."""
    table = table_of(["train"] * 60 + ["val"] * 20 + ["test"] * 20)
    folds = draw_folds(table, VERDICT, seed)

    assert list(folds) == ["fold_0", "fold_1"]
    assert (folds[table["split"] == "test"] == -1).all().all()
    for repeat in folds:
        dev = table.assign(fold=folds[repeat])[table["split"] != "test"]
        counts = dev.groupby(["fold", "label"]).size()
        assert len(counts) == 4 * 2
        assert (counts == 10).all()


def test_draw_folds_of_two_repeats_differ() -> None:
    """A repeat is another drawing, or it would say nothing new."""
    folds = draw_folds(table_of(["train"] * 80), VERDICT, seed=0)

    assert (folds["fold_0"] != folds["fold_1"]).any()


def stored(folder: Path, layout: Layout = LAYOUT, **columns: Any) -> ImageStore:
    """Write a store of eight images; columns replace those of the index."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "pixels.npy", np.zeros((8, *layout.shape), np.uint8))
    index = pd.DataFrame(
        {
            "image_id": [f"{number:032x}" for number in range(8)],
            "label": [0, 1] * 4,
            "split": ["train"] * 6 + ["test"] * 2,
            "group": None,
            "fold_0": [0, 1, 2, 3, 0, 1, -1, -1],
            "fold_1": [3, 2, 1, 0, 3, 2, -1, -1],
            "source": [f"row {number}" for number in range(8)],
        }
    ).assign(**columns)
    contract = preprocessing_of(layout, ["cat", "dog"], 1000, None)
    return write_store(folder, index, layout, ["cat", "dog"], VERDICT, contract)


def test_write_store_can_be_opened(tmp_path: Path) -> None:
    """Three files, and what they say."""
    store = stored(tmp_path / "store")

    assert len(store) == 8
    assert store.image_shape == (4, 6, 1)
    assert store.class_names == ["cat", "dog"]
    assert (store.n_folds, store.n_repeats) == (4, 2)
    assert store.labels.tolist() == [0, 1] * 4


@pytest.mark.parametrize(
    ("columns", "layout"),
    [
        ({"image_id": [f"{number:032x}" for number in range(1, 9)]}, LAYOUT),
        ({"label": [1, 0] * 4}, LAYOUT),
        ({"split": ["val"] * 6 + ["test"] * 2}, LAYOUT),
        ({"fold_1": [0, 1, 2, 3, 0, 1, -1, -1]}, LAYOUT),
        ({}, Layout(4, 6, 1, "crop", 255)),
        ({}, Layout(4, 6, 1, "pad", 0)),
    ],
)
def test_write_store_fingerprint_changes_with_whatever_a_result_depends_on(
    tmp_path: Path, columns: dict[str, Any], layout: Layout
) -> None:
    """Pixels, labels, splits, folds and the way images were fitted."""
    first = stored(tmp_path / "a").fingerprint

    assert stored(tmp_path / "b", layout, **columns).fingerprint != first


def test_write_store_fingerprint_does_not_depend_on_names(tmp_path: Path) -> None:
    """The same images in a folder that was moved are the same data."""
    first = stored(tmp_path / "a").fingerprint

    assert stored(tmp_path / "b", source=["moved"] * 8).fingerprint == first


def index_of(**columns: Any) -> pd.DataFrame:
    """Return three images with names and splits."""
    given_columns = {
        "image_id": ["a", "b", "c"],
        "label_name": ["cat", "dog", "cat"],
        "split": ["train", "train", "test"],
    }
    return pd.DataFrame({**given_columns, **columns})


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (index_of(), "only order or parameters changed"),
        (index_of(image_id=["a", "b", "d"]), "1 images added, 1 images removed"),
        (index_of(label_name=["dog", "cat", "cat"]), "2 labels changed"),
        (index_of(split=["train", "val", "test"]), "1 splits changed"),
        (index_of().iloc[::-1], "only order or parameters changed"),
    ],
)
def test_name_changes_count_what_differs(new: pd.DataFrame, sentence: str) -> None:
    """A person learns why a stage is done again."""
    assert name_changes(index_of(), new) == sentence
