"""Class numbers and names from raw labels, and split names from raw splits."""

from __future__ import annotations

import numbers
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.pandas_values import is_na
from kedro_nas.errors import DataError

_SPLITS = {
    "train": ("train", "training", "trn", "learn", "fit"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "tst", "holdout", "eval"),
}
# what to use instead of kedro-nas; also in docs/how-to/your-images.md
REGRESSION = "use AutoKeras' ImageRegressor, or bin them into classes"
MULTI_LABEL = "use AutoKeras' ImageClassifier(multi_label=True), or a job per label"
DETECTION = "use KerasHub's or Ultralytics' detectors, or cut the objects out first"
SPLIT_NAMES = {word: name for name, words in _SPLITS.items() for word in words}


@dataclass(frozen=True)
class Labels:
    """Labels of all rows.

    Attributes:
        ids: int32 `(n,)`, indices into `class_names`, -1 for no label.
        class_names: Sorted: numbers by value, then text alphabetically.
    """

    ids: NDArray[np.int32]
    class_names: list[str]


def encode_labels(values: Sequence[Any]) -> Labels:
    """Number the classes of raw labels.

    Labels are text, integers, booleans, categories and whole-number floats. None, NaN
    and empty text mean that there is no label.

    Args:
        values: One label per row.

    Raises:
        DataError: A label of another type, labels that combine several classes, or
            fewer than two classes.

    >>> encode_labels([10, 9.0, None, "x"]).class_names
    ['9', '10', 'x']
    """
    names = [_name(value) for value in values]
    present = {name for name in names if name is not None}
    _refuse_combinations(present)
    if len(present) < 2:
        raise DataError(
            "there are not enough classes to distinguish",
            received=f"{len(present)} class{'es' * (not present)}"
            + (f" ({next(iter(present))})" if present else ", no label at all"),
            allowed="at least 2 classes",
            remedy="Check label_column (in a folder, that its subfolders are the "
            "classes), or add images of other classes",
        )
    classes = sorted(present, key=_by_value)
    number = {name: i for i, name in enumerate(classes)}
    ids = np.array([-1 if n is None else number[n] for n in names], np.int32)
    return Labels(ids, classes)


def look_alikes(class_names: Sequence[str]) -> list[str]:
    """Return a warning for class names that differ only in case, spaces or `_-`.

    >>> look_alikes(["Cat", "cat", "dog"])
    ["Classes 'Cat' and 'cat' have nearly the same name; are they one?"]
    """
    alike: dict[str, list[str]] = {}
    for name in class_names:
        alike.setdefault(folded(name), []).append(name)
    return [
        f"Classes {' and '.join(map(repr, names))} have nearly the same name; "
        "are they one?"
        for key, names in alike.items()
        if len(names) > 1 and not re.fullmatch(r"\d+", key)
    ]


def folded(name: str) -> str:
    """Return a name without case, spaces, underscores and hyphens.

    >>> folded("T-Shirt ") == folded("t shirt")
    True
    """
    return re.sub(r"[\s_-]+", "", name.casefold())


def encode_splits(values: Sequence[Any]) -> NDArray[np.str_]:
    """Convert given splits to `train`, `val` and `test` from their usual spellings.

    Raises:
        DataError: An empty or unknown value.

    >>> encode_splits(["Training", "valid", "TEST"]).tolist()
    ['train', 'val', 'test']
    """
    known: dict[Any, str] = {}
    for value in values:
        if value not in known:
            name = SPLIT_NAMES.get(str(value).strip().lower())
            if name is None:
                raise DataError(
                    "a given split is not understood",
                    received="an empty cell" if value is None else repr(value),
                    allowed=", ".join(sorted(SPLIT_NAMES)),
                    remedy="Correct the split column, or name another as split_column",
                )
            known[value] = name
    return np.array([known[value] for value in values], "U5")


def _name(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        return value.strip() or None
    if value is None or is_na(value):
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real) and (isnan(value) or float(value).is_integer()):
        return None if isnan(value) else str(int(float(value)))
    raise DataError(
        "a label is of a type that cannot be a class",
        received=f"{value!r} ({type(value).__name__})",
        allowed="text, whole numbers, booleans, categories: one class per image",
        remedy=f"Set label_column to the column of class labels. {_elsewhere(value)}",
    )


def _elsewhere(value: Any) -> str:
    """Return what to use where a label shows that this is no classification."""
    if isinstance(value, numbers.Real):
        return f"If these are quantities to predict, {REGRESSION}"
    if isinstance(value, dict):
        return f"If these are boxes or masks, {DETECTION}"
    return f"If an image has several labels, {MULTI_LABEL}"


def _refuse_combinations(present: set[str]) -> None:
    """Refuse text that combines classes, such as `cat|dog` beside `cat` and `dog`.

    Only where each part occurs in two labels or more: `salt, pepper` is one class.
    """
    for mark in "|;,":
        parts = {name: [p.strip() for p in name.split(mark)] for name in present}
        combined = {name: of for name, of in parts.items() if len(of) > 1}
        occur = Counter(part for of in parts.values() for part in set(of))
        if combined and all(occur[p] > 1 for of in combined.values() for p in of):
            raise DataError(
                "labels combine several classes",
                received=f"{min(combined)!r}, whose parts are labels of other images",
                allowed="one class per image",
                remedy=f"If an image has several labels, {MULTI_LABEL}",
            )


def _by_value(name: str) -> tuple[int, float, str]:
    if re.fullmatch(r"-?\d+", name):
        return (0, float(name), name)
    return (1, 0.0, name)
