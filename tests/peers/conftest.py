"""Rows and tables of images for the tests of benchmarks/compare_peers.py."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# adapters are started as scripts, so their folder is on the path as well
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "peers")]


def encoded(height: int, width: int, value: int, mode: str = "L") -> bytes:
    """Return a PNG of one colour."""
    file = io.BytesIO()
    Image.new(mode, (width, height), value if mode == "L" else (value,) * 3).save(
        file, "png"
    )
    return file.getvalue()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write 30 training and 6 test images of 4 x 4 pixels in two classes."""
    labels = ["cat", "dog"] * 18
    path = tmp_path / "pets.parquet"
    pd.DataFrame(
        {
            "image": [encoded(4, 4, i) for i in range(36)],
            "label": labels,
            "split": ["train"] * 30 + ["test"] * 6,
        }
    ).to_parquet(path)
    return path


@pytest.fixture
def make_row() -> Callable[..., Any]:
    """Return a function that makes a row from what is given, the rest likely."""
    from peer_runs.rows import Machine, Row

    def make(tool: str, test_accuracy: float | None = 0.9, **given: Any) -> Row:
        return Row(
            **{
                "tool": tool,
                "data": "pets",
                "seconds": 300.0,
                "seed": 0,
                "test_accuracy": test_accuracy,
                "n_params": 1000,
                "trials": 10,
                "epochs": 40,
                "training_s": 150.0,
                "wall_s": 310.0,
                "peak_memory_mb": 2000.0,
                "curve": ((30.0, 0.7), (200.0, 0.88)),
                "versions": {"keras": "3"},
                "code": "abc",
                "machine": Machine(processor="fast", cores=2),
                "date": "2026-11-27T08:00:00+00:00",
                **given,
            }
        )

    return make
