"""The state of a candidate on disk, whole after any kill."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.files import write_atomically

logger = logging.getLogger(__name__)


def save_checkpoint(
    path: Path, arrays: Sequence[NDArray[Any]], meta: dict[str, Any]
) -> None:
    """Write arrays and JSON metadata as one `.npz`, atomically.

    Args:
        path: The file.
        arrays: In a fixed order.
        meta: JSON values: epochs done, history, and the `lineage` of the task.
    """
    named: dict[str, Any] = {f"a{i:04d}": a for i, a in enumerate(arrays)}
    named["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    write_atomically(path, lambda file: np.savez(file, **named))


def load_checkpoint(
    path: str | Path | None, lineage: str | None = None
) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
    """Read a checkpoint; None when there is none or it cannot be read.

    A file that cannot be read was not written by us, or its disk failed: training then
    starts again from the parent, which costs time and nothing else.

    Args:
        path: The file, or None.
        lineage: The checkpoint must be of this lineage, see `Task.lineage`: one of
            other data, another seed or another network is left alone. None reads any.

    Returns:
        The arrays in their order, and the metadata.
    """
    if path is None or not Path(path).exists():
        return None
    try:
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            meta = json.loads(bytes(file["meta"]).decode())
            if lineage is not None and meta.get("lineage") != lineage:
                logger.warning("The checkpoint %s is of another task: not read.", path)
                return None
            names = sorted(name for name in file.files if name != "meta")
            return [file[name] for name in names], meta
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None
