"""How far decoding has come: records of the images whose pixels are safely on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kedro_nas.data.chunks import RECORD_COLUMNS
from kedro_nas.files import write_atomically

SYNC_EVERY_S = 5.0  # a kill costs so much decoding; each sync waits for the disk


class Journal:
    """Records of the first images, in order; pixels are synced before they count.

    Args:
        folder: Holds a Parquet file per sync.
        pixels: The pixel file.
    """

    def __init__(self, folder: Path, pixels: Path) -> None:
        self.folder = folder
        self.pixels = pixels
        self._fresh: list[tuple[Any, ...]] = []
        self._synced_at = time.monotonic()
        self.n_synced = len(self.read()) if folder.exists() else 0

    def add(self, records: list[tuple[Any, ...]]) -> None:
        """Note a chunk whose pixels have been written; it counts from the next sync."""
        self._fresh += records
        if time.monotonic() - self._synced_at >= SYNC_EVERY_S:
            self.sync()

    def sync(self) -> None:
        """Make what was noted survive a kill, and a loss of power."""
        self._synced_at = time.monotonic()
        if not self._fresh:
            return
        with self.pixels.open("r+b") as file:
            os.fsync(file.fileno())
        frame = pd.DataFrame(self._fresh, columns=list(RECORD_COLUMNS))
        frame["phash"] = frame["phash"].astype(np.uint64)
        path = self.folder / f"{self.n_synced:09d}.parquet"
        write_atomically(path, lambda file: frame.to_parquet(file) and None)
        self.n_synced += len(self._fresh)
        self._fresh = []

    def read(self) -> pd.DataFrame:
        """All synced records, a row per image; see `chunks.RECORD_COLUMNS`."""
        frames = [
            pd.read_parquet(path) for path in sorted(self.folder.glob("*.parquet"))
        ]
        if not frames:
            return pd.DataFrame(columns=list(RECORD_COLUMNS))
        return pd.concat(frames, ignore_index=True)
