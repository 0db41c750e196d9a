"""The table of new images, filled while they are decoded and classified."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.decoding_progress import track
from kedro_nas.data.new_images import DecodedImages, NewImages, decode_in_parts
from kedro_nas.export.runtime_process import RuntimeProcess, classify_in_turn
from kedro_nas.records.preprocessing import Preprocessing

if TYPE_CHECKING:
    from kedro_nas.export.prediction_table import PredictionTable


def write_table(
    listed: NewImages,
    processes: Sequence[RuntimeProcess],
    contract: Preprocessing,
    n_workers: int | None,
) -> tuple[Path, PredictionTable]:
    """Write the table to a temporary file, which is deleted if that fails."""
    number, name = tempfile.mkstemp(prefix="kedro-nas-predictions-", suffix=".parquet")
    os.close(number)
    path = Path(name)
    waiting: deque[DecodedImages] = deque()
    decoded = decode_in_parts(listed, contract, n_workers=n_workers)

    def usable() -> Iterator[NDArray[np.uint8]]:
        for part in track(decoded, total=len(listed), what="Classifying images"):
            waiting.append(part)
            yield part.pixels[[not fault for fault in part.faults]]

    try:
        with closing(decoded):
            answers = classify_in_turn(processes, usable())
            first = next(answers)
            # imports pyarrow, 0.1 s, while further images are decoded and classified
            from kedro_nas.export.prediction_table import PredictionTable

            with PredictionTable(path, contract.class_names, listed.names) as table:
                for shares in chain([first], answers):
                    table.add(shares, waiting.popleft().faults)
    except BaseException:
        path.unlink()
        raise
    return path, table
