"""Checkpoints: the state of a candidate on disk, written atomically."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.files import write_atomically
from kedro_nas.training.outage import storage

logger = logging.getLogger(__name__)


def save_checkpoint(
    path: Path, arrays: Sequence[NDArray[Any]], meta: dict[str, Any]
) -> None:
    """Write arrays and JSON metadata as one `.npz`, atomically.

    Args:
        path: The file.
        arrays: In a fixed order.
        meta: JSON values: epochs done, history, and the `lineage` of the task.

    Raises:
        StorageError: The file cannot be written.
    """
    named: dict[str, Any] = {f"a{i:04d}": a for i, a in enumerate(arrays)}
    named["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with storage(path):
        write_atomically(path, lambda file: np.savez(file, **named))


def load_checkpoint(
    path: str | Path | None, lineage: str | None = None
) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
    """Read a checkpoint; None when there is none or its content is damaged.

    Training then restarts from the parent's checkpoint or from the first epoch, which
    costs time but does not change the result.

    Args:
        path: The file, or None.
        lineage: The lineage the checkpoint must have, see `Task.lineage`; one of other
            data, another seed or another network is ignored. None accepts any.

    Returns:
        The arrays in their order, and the metadata.

    Raises:
        StorageError: The file exists but cannot be read.
    """
    if path is None:
        return None
    with storage(path):
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError:
            return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            meta = json.loads(bytes(file["meta"]).decode())
            if lineage is not None and meta.get("lineage") != lineage:
                logger.warning("The checkpoint %s is of another task: not read.", path)
                return None
            names = sorted(name for name in file.files if name != "meta")
            return [file[name] for name in names], meta
    except Exception as error:  # noqa: BLE001 - a damaged file can raise any error
        logger.warning("The checkpoint %s is damaged (%s): not used.", path, error)
        return None
