"""scikit-learn's digits, a real small set of 8 x 8 images, as anybody would pass it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

KILLED = """
import sys
from pathlib import Path
from kedro_nas.data import chunks, decoding_progress, ingest
from kedro_nas.data.prepare import prepare_images
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from sklearn.datasets import load_digits
import time
decoding_progress.SYNC_EVERY_S = 0.0
chunks._CHUNK_IMAGES = 100
decode = ingest.decode_chunk
def slow(*arguments):
    time.sleep(0.3)
    return decode(*arguments)
ingest.decode_chunk = slow
digits = load_digits()
options = DataPreparationOptions(n_workers=1)
data = digits.images, digits.target
prepare_images(data, options, seed=0, workspace=Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images of 8 x 8, floats from 0 to 16, and their classes."""
    bunch = load_digits()
    return bunch.images, bunch.target


def test_digits_are_prepared_in_small_data_mode(digits, prepare):
    """Their range is brought to 0-255, and the guard adapts to their size."""
    store, profile = prepare(digits)

    assert store.image_shape == (8, 8, 1)
    assert store.class_names == [str(i) for i in range(10)]
    assert int(store.pixels.max()) == 255
    assert profile.verdict.mode == "small_data"
    assert store.folds.shape == (1797, 3)
    assert "reached only 16" in profile.warnings[0]


@pytest.mark.slow
def test_digits_killed_with_sigkill_go_on(digits, prepare, tmp_path):
    """After SIGKILL during decoding the next run resumes."""
    whole, _ = prepare(digits, workspace=tmp_path / "whole")
    workspace = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(workspace)])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = list(workspace.rglob("records-*/[0-9]*.parquet"))
        if len(done) >= 3:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    written = {path: path.stat().st_mtime_ns for path in records_of(workspace)}
    assert 3 <= len(written) < 18
    store, _ = prepare(digits, workspace=workspace, n_workers=1)

    assert store.fingerprint == whole.fingerprint
    assert np.array_equal(store.pixels, whole.pixels)


def records_of(workspace: Path) -> list[Path]:
    return [p for p in workspace.rglob("*.parquet") if "records-" in p.parent.name]
