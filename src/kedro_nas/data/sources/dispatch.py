"""Choice of the source for an object or a path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np

from kedro_nas.custom_code import find_custom, is_import_path
from kedro_nas.data.pandas_values import is_frame
from kedro_nas.data.sources.arrays import ArraysSource, Part, parts_of
from kedro_nas.data.sources.base import Columns, Source
from kedro_nas.data.sources.folder import FolderSource
from kedro_nas.data.sources.npz import NpzSource
from kedro_nas.data.sources.partitions import PartitionsSource
from kedro_nas.data.sources.remote import LOCAL, Storage
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

KINDS = ("folder", "parquet", "arrow", "csv", "npz")
SOURCE_GROUP = "kedro_nas.sources"
_BY_SUFFIX = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
    ".tsv": "csv",
    ".npz": "npz",
}


def source_at(
    path: str | Path,
    kind: str | None = None,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    image_shape: Sequence[int] | None = None,
    root: str | None = None,
    storage: Storage = LOCAL,
) -> Source:
    """Return the source for a path; nothing is read yet.

    Args:
        path: Local path or fsspec URL.
        kind: One of `KINDS`; an entry point of the group `kedro_nas.sources` or
            `package.module:Class`, called as `Class(path, columns, storage.options)`;
            None derives it from the suffix, or from the content of a folder.
        columns: Names of the columns of a table.
        image_shape: Height, width, channels of flat raw pixels in a table.
        root: Folder from which paths in a manifest start; None for its own folder.
        storage: Used if the path is remote, or names remote images.

    Raises:
        DataError: The kind is unknown, cannot be derived from the path, or is no
            `Source`.
    """
    text = str(path)
    kind = kind or _kind_of(text)
    if kind == "folder":
        return FolderSource(text, storage)
    if kind in {"parquet", "arrow"}:
        from kedro_nas.data.sources.table import TableSource

        return TableSource(text, kind, columns, image_shape, storage)
    if kind == "csv":
        from kedro_nas.data.sources.frame import ManifestSource

        return ManifestSource(text, columns, root, storage)
    if kind == "npz":
        return NpzSource(text, storage)
    if kind is not None and (is_import_path(kind) or kind in custom_kinds()):
        return _custom_source(kind, text, columns, storage)
    raise DataError(
        f"cannot tell how to read {redacted(text)}",
        received=f"the kind {kind}" if kind else "a suffix that is not known",
        allowed=f"{', '.join(KINDS)}, package.module:Class; or suffixes "
        f"{', '.join(_BY_SUFFIX)}",
        remedy="Set `source` in the catalog entry 'images'",
    )


def custom_kinds() -> tuple[str, ...]:
    """Return the names of sources that installed packages bring."""
    return tuple(sorted(one.name for one in entry_points(group=SOURCE_GROUP)))


def _custom_source(kind: str, path: str, columns: Columns, storage: Storage) -> Source:
    make = find_custom(
        kind, {}, what="source of images", error=DataError, group=SOURCE_GROUP
    )
    source = make(path, columns, storage.options)
    if not isinstance(source, Source):
        raise DataError(
            f"the source of images {kind} cannot be used",
            received=f"a {type(source).__name__}",
            allowed="a subclass of kedro_nas.data.sources.Source",
            remedy="Inherit from it; it names what has to be written",
        )
    return source


def as_source(images: Any, columns: Columns) -> Source:
    """Return the source for the images that a node receives.

    Args:
        images: A `Source`, a DataFrame, a pair `(images, labels)`, two such pairs
            `(train, test)`, a dictionary of arrays or of partitions, an array of new
            images, or a path.
        columns: Names of columns for roles that the source has no name for.

    Raises:
        DataError: The images are of another type.
    """
    if isinstance(images, Source):
        return images.with_columns(columns)
    if is_frame(images):
        from kedro_nas.data.sources.frame import FrameSource

        return FrameSource(images, columns)
    if isinstance(images, str | Path):
        return source_at(images, columns=columns)
    if isinstance(images, tuple | list) and len(images) == 2:
        parts: list[Part] = [(None, images[0], images[1])]
        if all(isinstance(part, tuple) and len(part) == 2 for part in images):
            parts = [("train", *images[0]), ("test", *images[1])]  # Keras' load_data
        return ArraysSource(lambda: parts, "the arrays (images, labels)")
    if isinstance(images, np.ndarray):  # new images, which have no labels
        images = {"images": images}
    if isinstance(images, Mapping):
        if any(isinstance(value, np.ndarray) for value in images.values()):
            where = "the dictionary of arrays"
            return ArraysSource(lambda: parts_of(images, where), where)
        return PartitionsSource(images)
    raise DataError(
        "images are of a type that is not known",
        received=type(images).__name__,
        allowed="a DataFrame, (images, labels), a dictionary of arrays or partitions, "
        "or an ImagesDataset in the catalog",
        remedy="Change the catalog entry 'images' or the node that makes it",
    )


def _kind_of(path: str) -> str | None:
    kind = _BY_SUFFIX.get(Path(path).suffix.lower())
    if kind is not None:
        return kind
    local = Path(path)
    if "://" not in path and local.is_dir():
        inside = {_BY_SUFFIX.get(p.suffix.lower()) for p in local.iterdir()}
        tables = inside & {"parquet", "arrow"}
        return tables.pop() if len(tables) == 1 else "folder"
    # a missing path without a suffix is most likely a folder; listing it reports so
    return None if Path(path).suffix else "folder"
