"""Checkpoints: the state of a candidate on disk, written atomically."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kedro_nas.files import write_atomically
from kedro_nas.training.named_state import path_of
from kedro_nas.training.outage import storage
from kedro_nas.training.tasks import Epoch

logger = logging.getLogger(__name__)


class CheckpointMeta(BaseModel):
    """What a checkpoint tells of its arrays.

    Attributes:
        epochs: Epochs done.
        elapsed_s: Seconds of training done, of a task that trains for seconds.
        history: Results of these epochs.
        lineage: Of the task, see `Task.lineage`; empty if not known.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    epochs: int = 0
    elapsed_s: float = 0.0
    history: tuple[Epoch, ...] = ()
    lineage: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a candidate.

    Attributes:
        arrays: By `named_state.array_name`, in their order.
        meta: What is known of them.
    """

    arrays: dict[str, NDArray[Any]]
    meta: CheckpointMeta

    def by_path(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by the path of their variable, e.g. `stem_conv1/kernel`."""
        return {path_of(name): one for name, one in self.arrays.items()}


def save_checkpoint(
    path: Path, arrays: Mapping[str, NDArray[Any]], meta: CheckpointMeta
) -> None:
    """Write arrays and JSON metadata as one `.npz`, atomically.

    Args:
        path: The file.
        arrays: By `named_state.array_name`.
        meta: Written as JSON.

    Raises:
        StorageError: The file cannot be written.
    """
    named: dict[str, Any] = dict(arrays)
    named["meta"] = np.frombuffer(meta.model_dump_json().encode(), np.uint8)
    with storage(path):
        write_atomically(path, lambda file: np.savez(file, **named))


def load_checkpoint(
    path: str | Path | None, lineage: str | None = None
) -> Checkpoint | None:
    """Read a checkpoint; None when there is none or its content is damaged.

    Training then restarts from the parent's checkpoint or from the first epoch, which
    costs time but does not change the result.

    Args:
        path: The file, or None.
        lineage: The lineage the checkpoint must have, see `Task.lineage`; one of other
            data, another seed or another network is ignored. None accepts any.

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
            meta = CheckpointMeta.model_validate_json(bytes(file["meta"]))
            if lineage is not None and meta.lineage != lineage:
                logger.warning("The checkpoint %s is of another task: not read.", path)
                return None
            names = sorted(name for name in file.files if name != "meta")
            return Checkpoint({name: file[name] for name in names}, meta)
    except Exception as error:  # noqa: BLE001 - a damaged file can raise any error
        logger.warning("The checkpoint %s is damaged (%s): not used.", path, error)
        return None
