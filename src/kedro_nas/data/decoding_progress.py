"""Progress of decoding: shown to the user, and recorded on disk."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kedro_nas.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

SYNC_EVERY_S = 5.0  # at most lost when killed; each sync waits for the disk
Steps = TypeVar("Steps", bound=Sized)
logger = logging.getLogger(__name__)
_LINE_EVERY_S = 30.0


class Journal:
    """Records of the images decoded so far, in order.

    A record is written only after the pixels of its image are synced to the disk.

    Args:
        folder: Contains a Parquet file per sync.
        pixels: The pixel file.
    """

    def __init__(self, folder: Path, pixels: Path) -> None:
        self.folder = folder
        self.pixels = pixels
        self._synced = [_read(path) for path in sorted(folder.glob("*.parquet"))]
        self._fresh: list[pd.DataFrame] = []
        self._synced_at = time.monotonic()
        self.n_synced = sum(map(len, self._synced))

    def add(self, records: pd.DataFrame) -> None:
        """Add the records of a chunk of written pixels; saved at the next sync."""
        self._fresh.append(records)
        if time.monotonic() - self._synced_at >= SYNC_EVERY_S:
            self.sync()

    def sync(self) -> None:
        """Write the records added since the last sync to the disk."""
        self._synced_at = time.monotonic()
        if not self._fresh:
            return
        with self.pixels.open("r+b") as file:
            os.fsync(file.fileno())
        import pandas as pd

        frame = pd.concat(self._fresh, ignore_index=True)
        path = self.folder / f"{self.n_synced:09d}.parquet"
        write_atomically(path, lambda file: frame.to_parquet(file) and None)
        self.n_synced += len(frame)
        self._synced.append(frame)
        self._fresh = []

    def records(self) -> pd.DataFrame:
        """Return all records, a row per image; see `chunks.RECORD_COLUMNS`."""
        import pandas as pd

        return pd.concat([*self._synced, *self._fresh], ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    # faster than pandas.read_parquet, which imports support for folders of files
    with pq.ParquetFile(path) as file:
        frame: pd.DataFrame = file.read().to_pandas()
    return frame


def track(steps: Iterator[Steps], *, total: int, what: str) -> Iterator[Steps]:
    """Yield the steps and show progress.

    Args:
        steps: Each contains the finished items.
        total: Number of items.
        what: Description, e.g. `Decoding images`.
    """
    if not sys.stderr.isatty():
        yield from _lines(steps, total, what)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        for step in steps:
            progress.advance(bar, len(step))
            yield step


def _lines(steps: Iterator[Steps], total: int, what: str) -> Iterator[Steps]:
    done, started = 0, time.monotonic()
    last = started
    for step in steps:
        done += len(step)
        now = time.monotonic()
        if now - last >= _LINE_EVERY_S:
            last = now
            logger.info("%s: %d of %d, %.0f s.", what, done, total, now - started)
        yield step
