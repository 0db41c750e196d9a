"""`kedro_nas.export.runtime_process`: an exported file in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.export.plain_format import PlainExporter, write_exports

from kedro_nas.errors import ExportError
from kedro_nas.export import runtime_process
from kedro_nas.export.runtime_process import RuntimeProcess

SHAPE = (8, 8, 1)


class BrokenExporter(PlainExporter):
    """A format whose program fails at a given place."""

    def __init__(self, text: str) -> None:
        self._text = text

    def snippet(self) -> str:
        """Return the program."""
        return self._text


def drawn(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *SHAPE), np.uint8)


def light(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return what the plain format says of images."""
    return pixels[:, :, :4].mean(axis=(1, 2, 3)) / 255


def test_classify_answers_part_by_part_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of any size, none included, come back as they were sent."""
    monkeypatch.setattr(runtime_process, "_MOST_AT_ONCE", 3)
    folder = write_exports(tmp_path / "exports")
    parts = [drawn(n, seed=n) for n in (5, 0, 7, 1)]
    with RuntimeProcess(PlainExporter(), folder, SHAPE, 2) as runtime:
        found = list(runtime.classify(iter(parts)))

    assert [len(shares) for shares in found] == [5, 0, 7, 1]
    for shares, part in zip(found, parts, strict=True):
        assert np.allclose(shares[:, 1], light(part), atol=1e-6)


def test_classify_with_flips_is_the_mean_over_both(tmp_path: Path) -> None:
    """The mirrored image counts as much as the image."""
    folder = write_exports(tmp_path / "exports")
    pixels = drawn(4)
    with RuntimeProcess(PlainExporter(), folder, SHAPE, 2, flips=True) as runtime:
        (found,) = runtime.classify(iter([pixels]))

    expected = (light(pixels) + light(pixels[:, :, ::-1])) / 2
    assert np.allclose(found[:, 1], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("def predict(pixels):\n    return pixels", r"shape \(2, 8, 8, 1\)"),
        ("def predict(pixels):\n    raise ValueError('too hot')", "too hot"),
        ("import os\nos._exit(3)", "exit status 3"),
    ],
)
def test_classify_names_what_the_runtime_failed_of(
    tmp_path: Path, program: str, said: str
) -> None:
    """A file that does not load, or answers otherwise, ends in one message."""
    runtime = RuntimeProcess(BrokenExporter(program), tmp_path, SHAPE, 2)

    with runtime, pytest.raises(ExportError, match=said):
        list(runtime.classify(iter([drawn(2), drawn(2)])))
