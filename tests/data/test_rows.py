"""Rows of a listing: labels, splits and groups before any pixel is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.data.rows import check_classes, sample_rows, usable_rows
from kedro_nas.data.sources.base import Listing
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions


class Numbered:
    """A source whose images are identified by their row."""

    def identities(self, rows: Any) -> Any:
        """Return an identity per row that does not depend on its place."""
        return np.asarray(rows, np.uint64) * np.uint64(2654435761)


def listing(labels: list[Any], **fields: Any) -> Listing:
    """List images with these labels; fields may give splits and groups."""
    names = [f"row {number}" for number in range(len(labels))]
    return Listing(names, labels, fields.get("splits"), fields.get("groups"), key="key")


def test_usable_rows_number_classes_and_keep_positions() -> None:
    """Rows without a label are left out, and the others know where they were."""
    rows = usable_rows(listing(["dog", None, "cat", "dog"]))

    assert rows.class_names == ["cat", "dog"]
    assert rows.table["row"].tolist() == [0, 2, 3]
    assert rows.table["label"].tolist() == [1, 0, 1]
    assert rows.set_aside.to_dict("records") == [
        {"source": "row 1", "reason": "no label"}
    ]


def test_usable_rows_without_splits_have_an_empty_one() -> None:
    """Given and missing splits are distinguished."""
    none = usable_rows(listing(["a", "b"]))
    given = usable_rows(listing(["a", "b"], splits=["Training", "TEST"]))

    assert (none.has_splits, none.table["split"].tolist()) == (False, ["", ""])
    assert (given.has_splits, given.table["split"].tolist()) == (
        True,
        ["train", "test"],
    )


def test_usable_rows_of_one_group_share_an_id() -> None:
    """Groups may be text or numbers; 0 stands for none."""
    rows = usable_rows(listing(list("abab"), groups=["p1", 7, None, "p1"]))
    ids = rows.table["group_id"].tolist()

    assert rows.table["group"].fillna("none").tolist() == ["p1", "7", "none", "p1"]
    assert ids[0] == ids[3] != ids[1]
    assert ids[2] == 0
    assert 0 not in ids[:2]


def test_sample_rows_keep_the_proportions_of_classes_and_splits() -> None:
    """A sample of a fifth has a fifth of each class in each split."""
    labels = ["a"] * 100 + ["b"] * 50
    splits = (["train"] * 4 + ["test"]) * 30
    rows = usable_rows(listing(labels, splits=splits))
    sample_rows(rows, Numbered(), 30, seed=0)  # type: ignore[arg-type]
    counts = rows.table.groupby(["label", "split"]).size().to_dict()

    assert counts == {
        (0, "test"): 4,
        (0, "train"): 16,
        (1, "test"): 2,
        (1, "train"): 8,
    }


@pytest.mark.parametrize("max_images", [None, 4, 5])
def test_sample_rows_of_enough_images_are_all(max_images: int | None) -> None:
    """A limit above the images changes nothing."""
    rows = usable_rows(listing(list("abab")))
    sample_rows(rows, Numbered(), max_images, seed=0)  # type: ignore[arg-type]

    assert len(rows.table) == 4


def check(counts: list[int], names: list[str], **options: Any) -> None:
    """Check classes of so many distinct images."""
    labels = np.repeat(np.arange(len(counts)), counts)
    units = np.arange(len(labels))
    check_classes(labels, units, names, DataPreparationOptions(**options))


def test_check_classes_with_an_image_per_fold_pass() -> None:
    """Each fold can hold one of each class."""
    check([5, 9], ["a", "b"], n_folds=5)

    with pytest.raises(DataError, match=r"'a' 4.*at least 5 in each class"):
        check([4, 9], ["a", "b"], n_folds=5)


def test_check_classes_counts_units_and_not_images() -> None:
    """Nine pictures of one patient cannot be split."""
    labels, units = np.zeros(9, int), np.zeros(9, int)

    with pytest.raises(DataError, match="groups that are not test: 'a' 1"):
        check_classes(labels, units, ["a"], DataPreparationOptions(), of="groups")


def test_check_classes_names_the_class_that_is_probably_meant() -> None:
    """`Cat` with two images beside `cat` with fifty is a spelling."""
    with pytest.raises(DataError, match="'Cat' 2, beside 'cat' 50"):
        check([2, 50, 50], ["Cat", "cat", "dog"])


def test_check_classes_lists_five_and_counts_the_rest() -> None:
    """A thousand small classes make one sentence."""
    names = [f"class{number}" for number in range(9)]

    with pytest.raises(DataError, match="'class4' 1 and 4 more classes"):
        check([1] * 9, names)


def test_check_classes_of_a_sample_suggests_a_larger_one() -> None:
    """Where images were left out, more of them is the first remedy."""
    with pytest.raises(DataError, match="raise max_images"):
        check([1, 9], ["a", "b"], max_images=10)
