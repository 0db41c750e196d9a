"""`kedro_nas.export.table_of_images`: rows, while images are decoded and classified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from tests.export.plain_format import LAYOUT

from kedro_nas.data import chunks
from kedro_nas.data.new_images import list_new_images, preprocessing_of
from kedro_nas.errors import DataError
from kedro_nas.export.table_of_images import write_table

CONTRACT = preprocessing_of(LAYOUT, ["dark", "light"], 10_000, None)


class MeanProcess:
    """Stands in for a runtime: the mean of an image is its share of light."""

    def send(self, pixels: NDArray[np.uint8]) -> None:
        light = pixels.mean(axis=(1, 2, 3)) / 255
        self._shares = np.stack([1 - light, light], axis=1).astype(np.float32)

    def answer(self) -> NDArray[np.float32]:
        return self._shares


@pytest.fixture(autouse=True)
def _temporary_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test see what is left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize("n_processes", [1, 3])
def test_write_table_gives_rows_in_the_order_of_the_images(
    monkeypatch: pytest.MonkeyPatch, n_processes: int
) -> None:
    """Whichever process has classified them; a fault takes no probability."""
    monkeypatch.setattr(chunks, "_CHUNK_IMAGES", 2)
    levels = [0, 255, None, 51, 102, None, 153]
    images = {
        f"{number}": lambda level=level: (
            np.zeros((8, 8, 7)) if level is None else np.full((8, 8), level, np.uint8)
        )
        for number, level in enumerate(levels)
    }
    listed = list_new_images(images, CONTRACT)
    processes: Any = [MeanProcess() for _ in range(n_processes)]
    path, table = write_table(listed, processes, CONTRACT, 1)
    found = pq.read_table(path).to_pydict()
    shares = [None if level is None else level / 255 for level in levels]

    assert found["probability_light"] == pytest.approx(shares, abs=1e-6)
    assert [bool(fault) for fault in found["fault"]] == [s is None for s in shares]
    assert table.n_by_class == [3, 2]
    assert sum(table.n_by_fault.values()) == 2


def test_write_table_that_fails_leaves_no_file(tmp_path: Path) -> None:
    """Images that have gone since they were listed end it, without half a table."""
    listed = list_new_images(np.zeros((3, 8, 8), np.uint8), CONTRACT)
    listed.source.read = lambda _: iter([np.zeros((8, 8), np.uint8)])  # type: ignore[method-assign]
    processes: Any = [MeanProcess()]

    with pytest.raises(DataError, match="1 images"):
        write_table(listed, processes, CONTRACT, 1)
    assert not list(tmp_path.glob("*.parquet"))
