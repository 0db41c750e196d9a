"""The table of predictions, written a part at a time."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from typing_extensions import Self

from kedro_nas.files import write_file_atomically

PROBABILITY_OF = "probability_{name}"  # the column of a class


class PredictionTable:
    """A Parquet file with a row per image; used in a `with` statement.

    Args:
        path: The file.
        class_names: In the order of the probabilities.
        names: Path of each image, or `row 12`, in the order of the rows.

    Attributes:
        n_by_class: Images by class.
        n_by_fault: Images that cannot be used, by reason.
    """

    def __init__(
        self, path: Path, class_names: Sequence[str], names: Sequence[str]
    ) -> None:
        self._class_names = list(class_names)
        self._names = names
        self._next = 0
        self.n_by_class = [0] * len(self._class_names)
        self.n_by_fault: Counter[str] = Counter()
        self._schema = pa.schema(
            [
                ("row", pa.int64()),
                ("file", pa.string()),
                ("class", pa.string()),
                ("probability", pa.float32()),
                *(
                    (PROBABILITY_OF.format(name=name), pa.float32())
                    for name in self._class_names
                ),
                ("fault", pa.string()),
            ]
        )
        self._writer = pq.ParquetWriter(path, self._schema)

    def __enter__(self) -> Self:
        """Return the open table."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is at the end of the file."""
        self._writer.close()

    def add(self, shares: NDArray[np.float32], faults: Sequence[str]) -> None:
        """Add the rows of the next images.

        Args:
            shares: Probabilities `(n_usable, n_classes)` of the images without a fault.
            faults: Reason why an image cannot be used, empty if it can.
        """
        n = len(faults)
        usable = np.flatnonzero([not fault for fault in faults])
        is_faulty = np.ones(n, bool)
        is_faulty[usable] = False
        every = np.zeros((n, len(self._class_names)), np.float32)
        every[usable] = shares
        chosen = every.argmax(axis=1)
        rows = np.arange(self._next, self._next + n)
        names = [
            None if fault else self._class_names[number]
            for number, fault in zip(chosen.tolist(), faults, strict=True)
        ]
        valid = np.packbits(~is_faulty, bitorder="little")
        columns = [
            _numbers(rows, pa.int64()),
            _texts(self._names[self._next : self._next + n]),
            _texts(names),
            _numbers(every.max(axis=1), pa.float32(), valid),
            *(_numbers(share, pa.float32(), valid) for share in every.T),
            _texts([fault or None for fault in faults]),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        for number in chosen[usable]:
            self.n_by_class[number] += 1
        self.n_by_fault.update(fault for fault in faults if fault)
        self._next += n


def _numbers(
    values: NDArray[Any], kind: pa.DataType, valid: NDArray[np.uint8] | None = None
) -> pa.Array:
    """Return a column; `pyarrow.array` would import pandas, which takes 0.2 s.

    Args:
        values: Numbers of the type `kind`.
        kind: Type of the column.
        valid: A bit per value that is no gap, the lowest first.
    """
    bits = None if valid is None else pa.py_buffer(valid)
    content = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [bits, content])


def _texts(values: Sequence[str | None]) -> pa.Array:
    """Return a column of texts and gaps; `pyarrow.array` would import pandas."""
    encoded = [b"" if value is None else value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    valid = np.packbits([value is not None for value in values], bitorder="little")
    content = [pa.py_buffer(valid), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), content)


def write_copy(table: Path, output: Path) -> None:
    """Copy a table to a Parquet or CSV file, a part at a time.

    Args:
        table: The Parquet file of a `PredictionTable`.
        output: A name that ends in `.parquet` or `.csv`; the folder is created.
    """
    if output.suffix != ".csv":
        write_file_atomically(output, lambda beside: shutil.copyfile(table, beside))
        return

    import pyarrow.csv

    def write(beside: Path) -> None:
        with pq.ParquetFile(table) as file:
            schema = file.schema_arrow
            with pyarrow.csv.CSVWriter(beside, schema) as writer:
                for batch in file.iter_batches():
                    writer.write_batch(batch)

    write_file_atomically(output, write)
