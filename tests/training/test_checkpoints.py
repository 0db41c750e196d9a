"""Checkpoints are whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from kedro_nas.training.checkpoints import (
    CheckpointMeta,
    load_checkpoint,
    save_checkpoint,
)
from kedro_nas.training.named_state import array_name
from kedro_nas.training.outage import StorageError


def test_checkpoint_round_trip_is_exact_and_keeps_order(tmp_path: Path) -> None:
    """More than ten arrays come back in order, bit for bit, with their metadata."""
    arrays = {
        array_name(i, f"layer{12 - i}/kernel"): np.full((i + 1,), i / 3, np.float32)
        for i in range(12)
    }
    save_checkpoint(tmp_path / "c.npz", arrays, CheckpointMeta(epochs=3))

    loaded = load_checkpoint(tmp_path / "c.npz")

    assert loaded is not None
    assert loaded.meta == CheckpointMeta(epochs=3)
    assert list(loaded.arrays) == list(arrays)
    assert all(np.array_equal(arrays[name], a) for name, a in loaded.arrays.items())
    assert next(iter(loaded.by_path())) == "layer12/kernel"


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_checkpoint_torn_file_counts_as_missing(tmp_path: Path, keep: int) -> None:
    """A torn file is no checkpoint, and no error."""
    path = tmp_path / "c.npz"
    save_checkpoint(path, {"0": np.zeros(50)}, CheckpointMeta())
    path.write_bytes(path.read_bytes()[:keep])

    assert load_checkpoint(path) is None


@pytest.mark.parametrize("lineage", ["theirs", ""])
def test_checkpoint_of_another_lineage_is_refused(
    tmp_path: Path, lineage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Weights of other data, another seed or of nobody knows what are not read."""
    path = tmp_path / "c.npz"
    save_checkpoint(path, {"0": np.zeros(3)}, CheckpointMeta(lineage=lineage))

    assert load_checkpoint(path, "ours") is None
    assert "is of another task" in caplog.text
    save_checkpoint(path, {"0": np.zeros(3)}, CheckpointMeta(lineage="ours"))
    assert load_checkpoint(path, "ours") is not None


def test_checkpoint_damaged_anywhere_is_read_whole_or_counts_as_missing(
    tmp_path: Path,
) -> None:
    """Whatever bytes are wrong, no error comes of it, and no wrong weights."""
    path = tmp_path / "c.npz"
    arrays = {"0": np.arange(20, dtype=np.float32), "1": np.zeros(3)}
    save_checkpoint(path, arrays, CheckpointMeta(epochs=1))
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    found = []
    for _ in range(400):
        damaged = bytearray(whole)
        for place in draw.integers(len(whole), size=3):
            damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        found.append(load_checkpoint(path))

    assert found.count(None) > 300
    assert all(
        np.array_equal(arrays[name], one)
        for loaded in found
        if loaded is not None
        for name, one in loaded.arrays.items()
    )


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_checkpoint_that_the_system_cannot_read_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A disk that fails is not taken for a missing file: its weights may come back."""
    path = tmp_path / "c.npz"
    save_checkpoint(path, {"0": np.zeros(3)}, CheckpointMeta())

    def fails(_: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "read_bytes", fails)

    with pytest.raises(StorageError, match=os.strerror(number)):
        load_checkpoint(path)


def _write_half(file: IO[bytes], **_: object) -> None:
    file.write(b"half")
    raise OSError(errno.ENOSPC, "disk full")


def test_checkpoint_failed_write_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails half-way leaves the previous checkpoint and no other file."""
    path = tmp_path / "c.npz"
    save_checkpoint(path, {"0": np.zeros(3)}, CheckpointMeta(epochs=1))

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", _write_half)
        with pytest.raises(StorageError, match="disk full"):
            save_checkpoint(path, {"0": np.zeros(3)}, CheckpointMeta(epochs=2))

    loaded = load_checkpoint(path)
    assert loaded is not None
    assert loaded.meta == CheckpointMeta(epochs=1)
    assert list(tmp_path.iterdir()) == [path]
