"""Parquet and Arrow files, including those of Hugging Face, read as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.labels import SPLIT_NAMES
from kedro_nas.data.sources.base import (
    Columns,
    Listing,
    LocalFile,
    Raw,
    Source,
    is_document,
    is_system_file,
    shown,
)
from kedro_nas.data.sources.cells import content_key, located, resolve_columns, to_raw
from kedro_nas.data.sources.remote import LOCAL, Storage, cannot_read
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

_BATCH = 256


class TableSource(Source):
    """A Parquet or Arrow file, or a folder of them.

    Args:
        path: Local path or fsspec URL.
        kind: `parquet` or `arrow`.
        columns: Names of the columns.
        image_shape: Height, width, channels, if images are flat raw pixels.
        storage: Used if it is remote.
    """

    def __init__(
        self,
        path: str,
        kind: str = "parquet",
        columns: Columns = Columns(),  # noqa: B008 - frozen
        image_shape: Sequence[int] | None = None,
        storage: Storage = LOCAL,
    ) -> None:
        self.path = path
        self.kind = kind
        self.columns = columns
        self.image_shape = image_shape
        self.storage = storage
        self._image_column = ""

    @override
    def describe(self) -> str:
        return f"the {self.kind.capitalize()} file {redacted(self.path)}"

    @override
    def listing(self) -> Listing:
        data = self._dataset()
        columns = resolve_columns(
            data.schema.names,
            self.columns,
            self.describe(),
            has_labels=self.has_labels,
        )
        self._image_column = str(columns.image)
        if data.count_rows() == 0:
            raise DataError(
                f"{self.describe()} is empty",
                received="0 rows",
                allowed="a row per image",
                remedy="Check the catalog entry 'images'",
            )
        if not self.has_labels:
            names, _ = self._names(data, data.count_rows())
            return Listing(names, [None] * len(names), None, None, "")
        wanted = {
            role: name
            for role in ("label", "split", "group")
            if (name := getattr(columns, role)) is not None
        }
        table = data.to_table(columns=sorted(set(wanted.values())))
        values = {role: table[name].to_pylist() for role, name in wanted.items()}
        labels = _named(values["label"], data.schema, str(columns.label))
        splits = values.get("split") or self._splits_by_file(data)
        names, files = self._names(data, len(labels))
        stats = [self._file_stat(path) for path in data.files]
        key = content_key([*stats, str(columns), self.image_shape, *files])
        return Listing(names, labels, splits, values.get("group"), key)

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        wanted, start = np.asarray(rows), 0
        root = self._root()
        for batch in self._batches([self._image_column]):
            column = batch.column(0)
            lo, hi = np.searchsorted(wanted, [start, start + len(column)])
            for row in wanted[lo:hi] - start:
                yield to_raw(
                    column[int(row)].as_py(),
                    root,
                    self.image_shape,
                    self.storage,
                    self.path,
                )
            start += len(column)
            if hi == len(wanted):
                return

    def _batches(self, columns: list[str]) -> Iterator[Any]:
        import pyarrow.parquet as pq

        data = self._dataset()
        if self.kind != "parquet":
            yield from data.to_batches(
                columns=columns, batch_size=_BATCH, batch_readahead=1
            )
            return
        for fragment in data.get_fragments():
            # one row group at a time; the scanner of a dataset loads several
            with fragment.filesystem.open_input_file(fragment.path) as file:
                table = pq.ParquetFile(file, pre_buffer=False)
                yield from table.iter_batches(_BATCH, columns=columns)

    def _dataset(self) -> Any:
        import pyarrow.dataset as pads

        form = "parquet" if self.kind == "parquet" else "ipc"
        try:
            if "://" in self.path:
                system, path = self.storage.file_system(self.path)
                return pads.dataset(path, format=form, filesystem=system)
            return pads.dataset(_tables_in(self.path), format=form)
        except Exception as error:
            allowed = f"an existing {self.kind} file or folder"
            raise cannot_read(self.describe(), error, allowed) from error

    def _root(self) -> str:
        if "://" in self.path:
            return self.path.rsplit("/", 1)[0]
        path = Path(self.path)
        return str(path if path.is_dir() else path.parent)

    def _splits_by_file(self, data: Any) -> list[str] | None:
        """Return splits from file names such as `train-00000-of-00002.parquet`."""
        splits: list[str] = []
        for fragment in data.get_fragments():
            word = Path(fragment.path).stem.split("-")[0].lower()
            if word not in SPLIT_NAMES:
                return None
            splits.extend([word] * fragment.count_rows())
        return splits if len(set(splits)) > 1 else None

    def _names(self, data: Any, n: int) -> tuple[list[str], list[Raw]]:
        import pyarrow as pa

        kind = data.schema.field(self._image_column).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return [f"row {row}" for row in range(n)], []
        column = data.to_table(columns=[self._image_column])[self._image_column]
        paths = [str(name) for name in column.to_pylist()]
        names = [shown(redacted(path)) for path in paths]
        root = self._root()
        local = "://" not in root
        return names, [located(path, root) for path in paths] if local else []

    def _file_stat(self, path: str) -> Any:
        if "://" in self.path:
            system, _ = self.storage.file_system(self.path)
            return sorted((k, str(v)) for k, v in system.info(path).items())
        return LocalFile(path)


def _tables_in(path: str) -> str | list[str]:
    """Return a path, or the tables of a folder that also contains other files."""
    folder = Path(path)
    if not folder.is_dir():
        return path
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not any(is_document(str(file)) for file in files):
        return path
    names = ((file, str(file.relative_to(folder))) for file in files)
    kept = [str(f) for f, n in names if not (is_document(n) or is_system_file(n))]
    return kept or path


def _named(labels: list[Any], schema: Any, column: str) -> list[Any]:
    """Replace class numbers by the names in the Hugging Face schema."""
    text = (schema.metadata or {}).get(b"huggingface")
    if text is None:
        return labels
    feature = json.loads(text).get("info", {}).get("features", {}).get(column, {})
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not names:
        return labels
    known = range(len(names))
    return [names[label] if label in known else None for label in labels]
