"""DataFrames and CSV manifests of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.sources.base import (
    Columns,
    Listing,
    Raw,
    Source,
    shown,
)
from kedro_nas.data.sources.cells import content_key, resolve_columns, to_raw
from kedro_nas.data.sources.remote import LOCAL, Storage, cannot_read
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted


class FrameSource(Source):
    """Rows of a DataFrame: an image column and a label column.

    Args:
        frame: Images as bytes, `{"bytes", "path"}`, paths, arrays or `PIL.Image`.
        columns: Names of the columns.
        image_shape: Height, width, channels, if images are flat raw pixels.
        root: Folder or URL from which relative paths start.
        storage: Used if files are remote.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        columns: Columns = Columns(),  # noqa: B008 - frozen
        image_shape: Sequence[int] | None = None,
        root: str = "",
        storage: Storage = LOCAL,
    ) -> None:
        self._given = frame
        self.columns = columns
        self.image_shape = image_shape
        self.root = root
        self.storage = storage
        self.home = ""
        self._image_column = ""

    @override
    def describe(self) -> str:
        return "the DataFrame"

    def frame(self) -> pd.DataFrame:
        """Return the rows; a manifest reads its file here."""
        return self._given

    @override
    def listing(self) -> Listing:
        frame = self._named()
        columns = resolve_columns(
            list(frame.columns),
            self.columns,
            self.describe(),
            has_labels=self.has_labels,
        )
        if frame.empty:
            raise DataError(
                f"{self.describe()} is empty",
                received="0 rows",
                allowed="a row per image",
                remedy="Check the catalog entry 'images' or the node that makes it",
            )
        self._image_column = str(columns.image)
        names = [_name(i, c) for i, c in enumerate(frame[self._image_column])]
        if not self.has_labels:
            return Listing(names, [None] * len(names), None, None, "")
        raws = self.read(np.arange(len(frame), dtype=np.int64))
        labels = _values(frame, columns.label)
        splits = _values(frame, columns.split)
        groups = _values(frame, columns.group)
        return Listing(
            names=names,
            labels=labels or [],
            splits=splits,
            groups=groups,
            key=content_key([*raws, labels, splits, groups]),
        )

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        cells = self._named()[self._image_column].to_numpy(dtype=object)
        for row in rows:
            yield to_raw(
                cells[row],
                self.root,
                self.image_shape,
                self.storage,
                self.home,
            )

    def _named(self) -> pd.DataFrame:
        """Return the rows with column names as text; 0 and 1 are possible names."""
        return self.frame().rename(columns=str)


class ManifestSource(FrameSource):
    """A CSV file of image paths and labels; paths start from the file's folder."""

    def __init__(
        self,
        path: str,
        columns: Columns = Columns(),  # noqa: B008 - frozen
        root: str | None = None,
        storage: Storage = LOCAL,
    ) -> None:
        folder = path.rsplit("/", 1)[0] if "/" in path else "."
        super().__init__(
            pd.DataFrame(),
            columns,
            None,
            folder if root is None else root,
            storage,
        )
        self.path = self.home = path
        self._read: pd.DataFrame | None = None

    @override
    def describe(self) -> str:
        return f"the manifest {redacted(self.path)}"

    @override
    def frame(self) -> pd.DataFrame:
        if self._read is None:
            try:
                # as text: "007" and "NA" are class names, not a number and a gap
                self._read = self._read_csv(
                    sep=self._separator(),
                    dtype=str,
                    keep_default_na=False,
                    na_values=[""],
                    skipinitialspace=True,
                )
            except Exception as error:
                allowed = "a CSV file with a header, in UTF-8"
                raise cannot_read(self.describe(), error, allowed) from error
        return self._read

    def _read_csv(self, **how: Any) -> pd.DataFrame:
        # pandas refuses storage options for a local file
        options = dict(self.storage.options) if "://" in self.path else None
        read: pd.DataFrame = pd.read_csv(self.path, storage_options=options, **how)
        return read

    def _separator(self) -> str:
        """Return the separator of the header; spreadsheets also write `;` and tabs."""
        header = list(self._read_csv(nrows=0).columns)
        if len(header) > 1:
            return ","
        return next((mark for mark in "\t;" if mark in header[0]), ",")


def _values(frame: pd.DataFrame, column: str | None) -> list[Any] | None:
    if column is None:
        return None
    values = frame[column]
    return [None if gap else v for v, gap in zip(values, values.isna(), strict=True)]


def _name(row: int, cell: Any) -> str:
    if isinstance(cell, dict):
        cell = cell.get("path")
    return shown(redacted(str(cell))) if isinstance(cell, str | Path) else f"row {row}"
