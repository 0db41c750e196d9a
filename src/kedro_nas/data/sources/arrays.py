"""Arrays of images and labels, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.labels import MULTI_LABEL
from kedro_nas.data.sources.base import Listing, Raw, Source
from kedro_nas.data.sources.cells import content_key
from kedro_nas.errors import DataError

_IMAGES = ("images", "image", "x", "data")
_LABELS = ("labels", "label", "y", "target", "targets")
_PARTS = ("", "_train", "_val", "_valid", "_test")

Part = tuple[str | None, Any, Any]
"""A split or None, its images, its labels or None."""


class ArraysSource(Source):
    """Images and labels as arrays, in one part or in several given splits.

    Args:
        load: Returns the parts; called when the images are listed.
        name: Description for messages.
        key: Returns a key of the content; None hashes the content.
    """

    def __init__(
        self,
        load: Callable[[], list[Part]],
        name: str,
        key: Callable[[], str] | None = None,
    ) -> None:
        self._load = load
        self._name = name
        self._key = key
        self._images: list[Sequence[Any]] = []
        self._scale: float | None = None

    @override
    def describe(self) -> str:
        return self._name

    @override
    def listing(self) -> Listing:
        parts = self._load()
        if not self.has_labels:
            return self._listing_without_labels(parts)
        labels: list[Any] = []
        splits: list[str | None] = []
        self._images = []
        for split, images, given in parts:
            if given is None:
                raise _no_pair(self._name, "images without labels")
            values = np.asarray(given)
            if values.ndim == 2 and values.shape[1] == 1:
                values = values[:, 0]  # Keras' CIFAR labels
            _check(self._name, images, values)
            self._images.append(images)
            labels.extend(values.tolist())
            splits.extend([split] * len(values))
        if not labels:
            raise _is_empty(self._name)
        self._scale, notes = _common_scale(self._images)
        key = (
            content_key([*self._images_for_key(), labels, splits])
            if self._key is None
            else self._key()
        )
        has_splits = any(split is not None for split in splits)
        names = [f"row {i}" for i in range(len(labels))]
        given_splits = splits if has_splits else None
        return Listing(names, labels, given_splits, None, key, notes, self._scale)

    def _listing_without_labels(self, parts: list[Part]) -> Listing:
        self._images = [images for _, images, _ in parts]
        n = sum(map(len, self._images))
        if not n:
            raise _is_empty(self._name)
        return Listing([f"row {i}" for i in range(n)], [None] * n, None, None, "")

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        starts = np.cumsum([0, *(len(images) for images in self._images)])
        for row in rows:
            part = int(np.searchsorted(starts, row, side="right")) - 1
            image = self._images[part][int(row - starts[part])]
            if self._scale is None or isinstance(image, str):
                yield image
            else:
                yield scaled_pixels(image, self._scale)

    def _images_for_key(self) -> Iterator[Any]:
        for images in self._images:
            if isinstance(images, np.ndarray):
                yield images
            else:
                yield from images


def scaled_pixels(image: NDArray[Any], scale: float) -> NDArray[Any]:
    """Return an array of numbers, multiplied by a factor, as uint8 pixels.

    Values above 255 become 255. An array with a negative or infinite value, or with
    NaN, is returned unchanged; the decoder says what is wrong with it.

    Args:
        image: Numbers of any type.
        scale: The factor.
    """
    if np.isfinite(image).all() and (image >= 0).all():
        return np.rint(np.minimum(image * scale, 255)).astype(np.uint8)
    return image


def parts_of(values: Mapping[str, Sequence[Any]], where: str) -> list[Part]:
    """Find images and labels among named arrays, e.g. `x_train` and `y_train`.

    Where none has labels, images alone are returned, with None for their labels.

    Raises:
        DataError: There is no known pair of names, nor images alone.
    """
    lower = {name.lower(): name for name in values}
    parts: list[Part] = []
    alone: list[Part] = []
    for suffix in _PARTS:
        images = next((lower[n + suffix] for n in _IMAGES if n + suffix in lower), None)
        labels = next((lower[n + suffix] for n in _LABELS if n + suffix in lower), None)
        if images is not None and labels is not None:
            parts.append((suffix[1:] or None, values[images], values[labels]))
        elif images is not None:
            alone.append((suffix[1:] or None, values[images], None))
    if not (parts or alone):
        raise _no_pair(where, f"the names {', '.join(map(str, values)) or '(none)'}")
    return parts or alone


def _no_pair(where: str, received: str) -> DataError:
    return DataError(
        f"{where} has no arrays of images and labels",
        received=received,
        allowed="images and labels, x and y, or x_train, y_train, x_test, y_test; new "
        "images need no labels",
        remedy="Rename the arrays",
    )


def _is_empty(where: str) -> DataError:
    return DataError(
        f"{where} contain no image",
        received="length 0",
        allowed="at least one image per class",
        remedy="Check the node or file that provides them",
    )


def _check(name: str, images: Any, labels: NDArray[Any]) -> None:
    if labels.ndim != 1 or len(images) != len(labels):
        raise DataError(
            f"images and labels of {name} do not match",
            received=f"{len(images)} images, labels of shape {labels.shape}",
            allowed="one label per image, as a vector",
            remedy="Give class numbers, not one-hot rows, in the order of the images."
            f" If an image has several labels, {MULTI_LABEL}",
        )


def _common_scale(parts: list[Any]) -> tuple[float | None, list[str]]:
    """Return one factor for all images, so that dark images stay dark, and notes.

    None leaves scaling to the decoder: for uint8, and for ranges given by the type.
    """
    arrays = [p for p in parts if isinstance(p, np.ndarray) and p.dtype != object]
    if len(arrays) < len(parts) or all(a.dtype == np.uint8 for a in arrays):
        return None, []
    if any(a.dtype.kind not in "iuf" or not a.size for a in arrays):
        return None, []
    high = max(float(array.max()) for array in arrays)
    if not 0 < high <= 255:  # NaN, or 16 bits, which the decoder scales
        return None, []
    if 64 <= high <= 255:
        return 1.0, []
    note = (
        f"Pixels reached only {high:g}; all were multiplied by {255 / high:g} to use "
        "0-255, and the exported model expects that range."
    )
    return 255 / high, [note]
