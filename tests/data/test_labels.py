"""Labels and given splits of any usual kind are understood, others refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kedro_nas.data.labels import encode_labels, encode_splits, look_alikes
from kedro_nas.errors import DataError


@pytest.mark.parametrize(
    ("values", "names", "ids"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([10, 9, 10], ["9", "10"], [1, 0, 1]),
        ([1.0, 0.0, np.float32(1)], ["0", "1"], [1, 0, 1]),
        ([True, False, np.bool_(True)], ["false", "true"], [1, 0, 1]),
        (list(pd.Categorical(["x", "y"])), ["x", "y"], [0, 1]),
        ([b"x", "y", "x"], ["x", "y"], [0, 1, 0]),
        (["10", "9", "-1"], ["-1", "9", "10"], [2, 1, 0]),
        (["a", None, "b", float("nan"), " ", pd.NA, np.float32("nan")],
         ["a", "b"], [0, -1, 1, -1, -1, -1, -1]),
        (["class 2", "class 10"], ["class 10", "class 2"], [1, 0]),
        (["NA", "none", "null"], ["NA", "none", "null"], [0, 1, 2]),
    ],
)  # fmt: skip
def test_encode_labels_kinds(values, names, ids):
    """Text, numbers, booleans and gaps become names in order and numbers."""
    labels = encode_labels(values)

    assert labels.class_names == names
    assert labels.ids.tolist() == ids


@pytest.mark.parametrize("value", [1.5, [1, 0], {"a": 1}, pd.Timestamp("2020-01-01")])
def test_encode_labels_of_other_types_are_refused(value):
    """A label that names no class is named in the error."""
    with pytest.raises(DataError, match="of a type that cannot be a class"):
        encode_labels(["a", value])


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (1.5, "quantities to predict, use AutoKeras' ImageRegressor"),
        ([1, 0], "several labels, use AutoKeras' ImageClassifier"),
        ({"bbox": [0, 0, 9, 9]}, "boxes or masks, use KerasHub's"),
    ],
)
def test_encode_labels_of_another_task_say_what_does_it(value, advice):
    """Regression, several labels and detection are sent where they are at home."""
    with pytest.raises(DataError, match=advice):
        encode_labels(["a", value])


@pytest.mark.parametrize(
    "values",
    [["cat", "dog", "cat|dog"], ["a;b", "b;c", "a;c"], ["a, b", "a", "b"]],
)
def test_encode_labels_that_combine_classes_are_refused(values):
    """`cat|dog` beside `cat` and `dog` is no third kind of animal."""
    with pytest.raises(DataError, match="labels combine several classes"):
        encode_labels(values)


@pytest.mark.parametrize(
    "values",
    [["salt, pepper", "flour"], ["Albany, NY", "Austin, TX"], ["a|b", "a", "c"]],
)
def test_encode_labels_with_punctuation_are_classes(values):
    """A comma in a name is no list unless its parts are labels elsewhere."""
    names = encode_labels(values).class_names

    assert names == sorted(values)


@pytest.mark.parametrize("values", [["a", "a"], [None, None], [], ["a", None]])
def test_encode_labels_of_one_class_are_refused(values):
    """Fewer than two classes are nothing to tell apart."""
    with pytest.raises(DataError, match="at least 2 classes"):
        encode_labels(values)


def test_look_alikes_are_told_but_numbers_are_not():
    """Nearly the same name is most likely one class; 1 and 11 are two."""
    found = look_alikes(["-1", "1", "11", "Bus", "bus", "fire truck", "fire_truck"])

    assert len(found) == 2
    assert "'Bus' and 'bus'" in found[0]


def test_encode_splits_spellings():
    """The usual words for the three splits are understood, in any case."""
    words = ["train", "Training", " val", "VALIDATION", "valid", "test", "testing"]

    assert encode_splits(words).tolist() == ["train"] * 2 + ["val"] * 3 + ["test"] * 2


@pytest.mark.parametrize("value", ["fold1", None, float("nan"), 3])
def test_encode_splits_of_other_words_are_refused(value):
    """An unknown split is never guessed."""
    with pytest.raises(DataError, match="a given split is not understood"):
        encode_splits(["train", value])
