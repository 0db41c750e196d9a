"""Interface of all sources of images: a listing, and a stream of raw images."""

from __future__ import annotations

import hashlib
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

Raw = Any
"""Encoded bytes, a `LocalFile` (the decoder reads it), an array, a `PIL.Image`, or
`Unusable`."""


class LocalFile(str):
    """A path on this machine; a text, as `Path` takes longer than a small image."""

    __slots__ = ()


class Unusable(str):
    """The reason why a source cannot provide an image, in place of the image."""

    __slots__ = ()


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table; None stands for the usual names.

    Attributes:
        image: Column of images or paths.
        label: Column of labels.
        split: Column of given splits.
        group: Column of groups that must not be divided by a split.
    """

    image: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None

    def or_else(self, other: Columns) -> Columns:
        """Return these names, with those that are None taken from another."""
        return Columns(
            *(getattr(self, f.name) or getattr(other, f.name) for f in fields(self))
        )


@dataclass
class Listing:
    """All rows of a source without pixels, in its order.

    Attributes:
        names: Name of each image for messages: its path, or `row 12`.
        labels: Raw labels; None for an image without one, and for all images of a
            source that is listed without labels.
        splits: Raw given splits, or None.
        groups: Raw groups of images that must stay together, or None.
        key: Changes if the images or their order may have changed; empty if listed
            without labels, as nothing is kept of new images.
        notes: Sentences about files that were ignored.
        pixel_scale: Factor that was applied to the numbers of all arrays before they
            were rounded to 0-255; None if each image is scaled by its type.
    """

    names: Sequence[str]
    labels: Sequence[Any]
    splits: Sequence[Any] | None
    groups: Sequence[Any] | None
    key: str
    notes: list[str] = field(default_factory=list)
    pixel_scale: float | None = None

    def __len__(self) -> int:
        return len(self.names)


class Source(ABC):
    """A source of images; nothing is read before `listing` is called.

    Attributes:
        columns: Names of the columns of a table.
        max_pixels: A source may give `Unusable` instead of larger images.
        has_labels: Whether labels are read; False for new images, of which all are
            listed, wherever they are.
    """

    columns: Columns = Columns()
    max_pixels: int = 50_000_000
    has_labels: bool = True

    @abstractmethod
    def describe(self) -> str:
        """Return a name for messages, e.g. `the Parquet file data/x.parquet`."""

    @abstractmethod
    def listing(self) -> Listing:
        """List the rows.

        Raises:
            DataError: The source is missing, empty, or lacks a column.
        """

    @abstractmethod
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        """Yield the raw images of some rows in their order.

        Args:
            rows: Ascending row numbers of the listing.
        """

    def with_columns(self, columns: Columns) -> Self:
        """Use column names for the roles that the source has no name for."""
        self.columns = self.columns.or_else(columns)
        return self

    def identities(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return a 64-bit hash of each raw image, of its path or content."""
        digests = (hash64(raw) for raw in self.read(rows))
        return np.fromiter(digests, np.uint64, len(rows))


def hash64(raw: Raw) -> int:
    """Hash a raw image to 64 bits, the same on every machine."""
    digest = hashlib.blake2b(digest_size=8)
    if isinstance(raw, LocalFile):
        # the last two parts, so that a moved folder gives the same hashes
        digest.update(os.fsencode("/".join(raw.rsplit("/", 2)[-2:])))
    elif isinstance(raw, bytes | bytearray | memoryview):
        digest.update(raw)
    elif isinstance(raw, np.ndarray):
        digest.update(np.ascontiguousarray(raw).data)
    elif hasattr(raw, "tobytes"):
        digest.update(raw.tobytes())
    else:
        digest.update(repr(raw).encode())
    return int.from_bytes(digest.digest(), "big")


def shown(name: str) -> str:
    r"""Return a file name as text that can be stored and printed.

    Bytes that are not UTF-8 are written as escapes.

    >>> shown(os.fsdecode(b"caf\xe9.png"))
    'caf\\xe9.png'
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        content = name.encode(errors="surrogateescape")
        return content.decode(errors="backslashreplace")
    return name


def image_size(shape: Sequence[int]) -> int:
    """Return the number of pixels of an array of one image, channels first or last.

    For arrays of another shape it is the number of values.

    >>> image_size((28, 28)), image_size((28, 28, 3)), image_size((3, 28, 28))
    (784, 784, 784)
    >>> image_size((10, 10, 10)), image_size((10,))
    (1000, 10)
    """
    if len(shape) == 3 and shape[-1] in {1, 3, 4}:
        shape = shape[:2]
    elif len(shape) == 3 and shape[0] in {1, 3}:
        shape = shape[1:]
    return math.prod(map(int, shape))


_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})


def is_system_file(name: str) -> bool:
    """Return whether a file is hidden or created by an operating system.

    >>> is_system_file("cat/.DS_Store"), is_system_file("cat/1.png")
    (True, False)
    """
    last = name.rsplit("/", 1)[-1].lower()
    return last in _SYSTEM_FILES or name.startswith(".") or "/." in name


_DOCUMENTS = frozenset(
    {".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".log", ".md"}
    | {".pdf", ".rst", ".toml", ".tsv", ".txt", ".xlsx", ".xml", ".yaml", ".yml"}
)
_READ_ME = frozenset({"changelog", "licence", "license", "notice", "readme"})


def is_document(name: str) -> bool:
    """Return whether a file is a document, such as a README or a table.

    >>> is_document("cat/README"), is_document("notes.txt"), is_document("cat/1")
    (True, True, False)
    """
    stem, suffix = os.path.splitext(name.rsplit("/", 1)[-1].lower())  # noqa: PTH122
    return suffix in _DOCUMENTS or (not suffix and stem in _READ_ME)
