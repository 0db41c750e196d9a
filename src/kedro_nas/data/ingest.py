"""Decoding of all images into the pixel file; resumes after the process was killed."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kedro_nas.data.chunks import (
    ChunkTask,
    changed_while_read,
    decode_chunk,
    decoding_cost_s,
    fetched,
    group_raws,
    halve_chunk,
    set_chunk_aside,
)
from kedro_nas.data.decode import BadImageError, kind_of_reason, peek
from kedro_nas.data.decoding_progress import Journal, track
from kedro_nas.data.layout import Layout, resolve_layout
from kedro_nas.data.pixel_file import create_pixel_file, is_pixel_file
from kedro_nas.data.pool import Halving, run_in_processes
from kedro_nas.data.sources.base import LocalFile, Raw, Source, shown
from kedro_nas.errors import DataError
from kedro_nas.files import write_json
from kedro_nas.parameters.data_preparation import DataPreparationOptions

logger = logging.getLogger(__name__)

_SAMPLE = 256
_SHOWN = 200  # characters of a path in a message; a cell may contain any text


@dataclass(frozen=True)
class Ingested:
    """The pixel file and a record of each image.

    Attributes:
        pixels: The pixel file, an entry per image; zeros if it cannot be used.
        records: A row per image: `chunks.RECORD_COLUMNS`, `mean`, `std`, `phash`.
        layout: Shape of the images in the file.
    """

    pixels: Path
    records: pd.DataFrame
    layout: Layout


def ingest(
    source: Source,
    rows: NDArray[np.int64],
    options: DataPreparationOptions,
    folder: Path,
) -> Ingested:
    """Decode images into one file; images decoded by an earlier call are kept.

    Args:
        source: A source that has been listed.
        rows: Ascending rows of its listing.
        options: Size, channels, limits and workers are read.
        folder: Used only for this source, these rows and these options.

    Raises:
        DataError: No image can be read, sizes differ with `image_size: native`, or
            the disk is too small.
    """
    decided = folder / "layout.json"
    if decided.exists():
        layout = Layout(**json.loads(decided.read_text()))
    else:
        layout = _first_layout(source, rows, options)
    while True:
        records, pixels = _decode_all(source, rows, layout, options, folder)
        good = records[records["bad"] == ""]
        if good.empty:
            raise _nothing_decoded(source, rows, records)
        exact = resolve_layout(
            good[["height", "width"]].to_numpy(), good["grey"].to_numpy(), options
        )
        if exact == layout:
            return Ingested(pixels, records, layout)
        logger.info("The images need the shape %s; decoding them again.", exact.shape)
        layout = exact
        write_json(decided, asdict(layout))


def _first_layout(
    source: Source, rows: NDArray[np.int64], options: DataPreparationOptions
) -> Layout:
    """Estimate the layout from a sample; if sizes differ, from all headers."""
    if options.image_size not in {"native", "auto"} and options.channels != "auto":
        return resolve_layout(np.ones((1, 2), np.int64), [True], options)
    sample = rows[np.unique(np.linspace(0, len(rows) - 1, _SAMPLE).astype(np.int64))]
    headers = _headers(source, sample, options.max_pixels)
    if len({tuple(header) for header in headers.tolist()}) > 1 and len(rows) > _SAMPLE:
        headers = _headers(source, rows, options.max_pixels)
    if not len(headers):
        headers = np.array(
            [[1, 1, 1]]
        )  # none is readable; decoding reports the reasons
    return resolve_layout(headers[:, :2], headers[:, 2].astype(bool), options)


def _headers(
    source: Source, rows: NDArray[np.int64], max_pixels: int
) -> NDArray[np.int64]:
    """Return height, width and whether grey of all images with a readable header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoding reports those that matter
        found = [_peeked(raw, max_pixels) for raw in source.read(rows)]
    readable = [header for header in found if header is not None]
    return np.array(readable, np.int64).reshape(-1, 3)


def _peeked(raw: Raw, max_pixels: int) -> tuple[int, int, bool] | None:
    try:
        return peek(fetched(raw, max_pixels), max_pixels)
    except BadImageError:
        return None


def _decode_all(
    source: Source,
    rows: NDArray[np.int64],
    layout: Layout,
    options: DataPreparationOptions,
    folder: Path,
) -> tuple[pd.DataFrame, Path]:
    """Decode the images an earlier call has not; return the records of all."""
    pixels = folder / "store" / "pixels.npy"
    check_disk(len(rows) * layout.n_bytes, options.max_disk_gb, pixels)
    height, width, channels = layout.shape
    records_of_all = folder / f"records-{height}x{width}x{channels}"
    if not is_pixel_file(pixels, len(rows), layout.shape) and records_of_all.exists():
        # records without their pixels, e.g. after a loss of power
        shutil.rmtree(records_of_all)
    offset = create_pixel_file(pixels, len(rows), layout.shape)
    journal = Journal(records_of_all, pixels)
    done = journal.n_synced
    if done:
        logger.info("Resuming: %d of %d images are decoded.", done, len(rows))
    n_left = len(rows) - done
    chunks = run_in_processes(
        decode_chunk,
        _jobs(
            source.read(rows[done:]), done, len(rows), pixels, offset, layout, options
        ),
        n_workers=options.n_workers,
        cost_s=decoding_cost_s(n_left, layout),
        halving=Halving(halve_chunk, set_chunk_aside),
    )
    try:
        for records in track(chunks, total=n_left, what="Decoding images"):
            journal.add(records)
    except BaseException:
        journal.sync()
        raise
    # the last records need no sync: at most a few seconds of work
    return journal.records(), pixels


def _jobs(
    stream: Iterator[Raw],
    first: int,
    n: int,
    pixels: Path,
    offset: int,
    layout: Layout,
    options: DataPreparationOptions,
) -> Iterator[tuple[ChunkTask, list[Raw], Layout, int]]:
    """Yield the arguments of `decode_chunk` for each chunk of the stream."""
    start = first
    for raws in group_raws(islice(stream, n - first), layout):
        yield ChunkTask(start, pixels, offset), raws, layout, options.max_pixels
        start += len(raws)
    if start < n:
        raise changed_while_read(start, n)


def check_disk(n_bytes: int, max_disk_gb: float, pixels: Path) -> None:
    """Check that the decoded images fit on the disk.

    Raises:
        DataError: They exceed `max_disk_gb` or the free space of the disk.
    """
    pixels.parent.mkdir(parents=True, exist_ok=True)
    held = pixels.stat().st_blocks * 512 if pixels.exists() else 0
    free = shutil.disk_usage(pixels.parent).free + held
    if n_bytes > min(max_disk_gb * 1e9, free):
        raise DataError(
            "the decoded images would not fit on the disk",
            received=f"{n_bytes / 1e9:.3g} GB of pixels for {pixels.parent}",
            allowed=f"{max_disk_gb:g} GB (max_disk_gb), and {free / 1e9:.3g} GB free",
            remedy="Set a smaller data_preparation.image_size, free the disk, or raise "
            "max_disk_gb",
        )


def _nothing_decoded(
    source: Source, rows: NDArray[np.int64], records: pd.DataFrame
) -> DataError:
    kinds = records["bad"].map(kind_of_reason).value_counts()
    first = next(source.read(rows[:1]), None)
    reason = str(records["bad"].iloc[0])
    examples = [shown(first)[:_SHOWN]] if isinstance(first, LocalFile) else []
    examples += [reason[:_SHOWN]] if reason not in kinds.index else []
    return DataError(
        f"no image of {source.describe()} can be read",
        received="; ".join(f"{n} x {kind}" for kind, n in kinds.items())
        + (f", e.g. {': '.join(examples)}" if examples else ""),
        allowed="images Pillow can decode, or arrays (h, w), (h, w, 1) or (h, w, 3) of "
        "numbers from 0 up",
        remedy="Check the image column or the paths, which start from the folder of "
        "their table",
    )
