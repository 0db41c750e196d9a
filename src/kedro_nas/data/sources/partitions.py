"""Images of Kedro's PartitionedDataset: a callable per file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.sources.base import (
    Listing,
    Raw,
    Source,
    is_document,
    is_system_file,
    shown,
)
from kedro_nas.data.sources.cells import content_key
from kedro_nas.errors import DataError


class PartitionsSource(Source):
    """Images by name, e.g. `cat/001.png`; the first folder is the class.

    Args:
        partitions: Name to image, or to a callable that loads it.
    """

    def __init__(self, partitions: Mapping[str, Any | Callable[[], Any]]) -> None:
        self._partitions = partitions
        self._names = sorted(
            name
            for name in map(str, partitions)
            if not (is_system_file(name) or is_document(name))
        )
        self._n_ignored = len(partitions) - len(self._names)

    @override
    def describe(self) -> str:
        return "the partitions"

    @override
    def listing(self) -> Listing:
        if not self._names:
            raise DataError(
                "there are no partitions",
                received="an empty dictionary",
                allowed="a partition per image, named <class>/<image>",
                remedy="Check the path and filename_suffix of the PartitionedDataset",
            )
        if not self.has_labels:
            names = [shown(name) for name in self._names]
            return Listing(names, [None] * len(names), None, None, "")
        flat = [name for name in self._names if "/" not in name]
        if flat:
            raise DataError(
                "the name of a partition does not contain its class",
                received=repr(flat[0]),
                allowed="<class>/<image>",
                remedy="Point the PartitionedDataset at the folder above the classes",
            )
        names = [shown(name) for name in self._names]
        labels = [PurePosixPath(name).parts[0] for name in names]
        rows = np.arange(len(self._names), dtype=np.int64)
        key = content_key([self._names, *self.read(rows)])
        notes = [f"{self._n_ignored} files that are no images were ignored."]
        return Listing(names, labels, None, None, key, notes * bool(self._n_ignored))

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        for row in rows:
            value = self._partitions[self._names[row]]
            if not callable(value):
                yield value
                continue
            try:
                yield value()
            except Exception:  # noqa: BLE001 - any loader; the image is set aside
                yield None
