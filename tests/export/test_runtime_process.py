"""`kedro_nas.export.runtime_process`: an exported file in a process of its own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.export.plain_format import PlainExporter, write_exports

from kedro_nas.errors import ExportError
from kedro_nas.export import runtime_process
from kedro_nas.export.formats import EXPORTERS
from kedro_nas.export.runtime_process import RuntimeProcess, classify_in_turn

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
    monkeypatch.setattr(runtime_process, "_VALUES_AT_ONCE", 3 * 8 * 8)
    folder = write_exports(tmp_path / "exports")
    parts = [drawn(n, seed=n) for n in (5, 0, 7, 1)]
    with RuntimeProcess(PlainExporter(), folder, SHAPE, 2) as runtime:
        found = list(classify_in_turn([runtime], iter(parts)))

    assert [len(shares) for shares in found] == [5, 0, 7, 1]
    for shares, part in zip(found, parts, strict=True):
        assert np.allclose(shares[:, 1], light(part), atol=1e-6)


@pytest.mark.parametrize("n_processes", [2, 3, 9])
def test_classify_in_turn_keeps_the_order_of_the_parts(
    tmp_path: Path, n_processes: int
) -> None:
    """Several processes give what one gives, also where there are more than parts."""
    folder = write_exports(tmp_path / "exports")
    parts = [drawn(n, seed=n) for n in (5, 0, 7, 1, 4)]
    with ExitStack() as stack:
        runtimes = [
            stack.enter_context(RuntimeProcess(PlainExporter(), folder, SHAPE, 2))
            for _ in range(n_processes)
        ]
        found = list(classify_in_turn(runtimes, iter(parts)))

    assert [len(shares) for shares in found] == [5, 0, 7, 1, 4]
    for shares, part in zip(found, parts, strict=True):
        assert np.allclose(shares[:, 1], light(part), atol=1e-6)


class FakeProcess:
    """Notes what is asked of it, in a common list."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def send(self, pixels: NDArray[np.uint8]) -> None:
        self._notes.append(f"{self._name} takes {len(pixels)}")

    def answer(self) -> str:
        self._notes.append(f"{self._name} answers")
        return self._name


def test_classify_in_turn_lets_all_processes_compute_at_once() -> None:
    """None is waited for while another is idle, and none has two parts."""
    notes: list[str] = []
    processes: Any = [FakeProcess(name, notes) for name in "ab"]
    found = list(classify_in_turn(processes, iter([drawn(n) for n in (1, 2, 3)])))

    assert found == ["a", "b", "a"]
    assert notes == [
        *("a takes 1", "b takes 2", "a answers", "a takes 3"),
        *("b answers", "a answers"),
    ]


def test_classify_with_flips_is_the_mean_over_both(tmp_path: Path) -> None:
    """The mirrored image counts as much as the image."""
    folder = write_exports(tmp_path / "exports")
    pixels = drawn(4)
    with RuntimeProcess(PlainExporter(), folder, SHAPE, 2, flips=True) as runtime:
        (found,) = classify_in_turn([runtime], iter([pixels]))

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
        list(classify_in_turn([runtime], iter([drawn(2), drawn(2)])))


# Stands in for ONNX Runtime: gives its threads, and the mean of each image.
RUNTIME = """
import threading
import time
import numpy

class SessionOptions:
    intra_op_num_threads = 0

class InferenceSession:
    def __init__(self, *_, sess_options=None, **__):
        self.threads = sess_options.intra_op_num_threads
        self.both = threading.Barrier(2, timeout=60)

    def run(self, _, given):
        pixels = given["pixels"]
        if len(pixels) == 32:  # returns when another batch is computed meanwhile
            self.both.wait()
        light = pixels.mean(axis=(1, 2, 3)) / 255
        return [numpy.stack([light * 0 + self.threads, light], 1).astype("float32")]
"""


def test_batches_of_onnx_runtime_are_computed_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each on one thread; the answers are in the order of the images."""
    monkeypatch.setattr(runtime_process, "cpu_numbers", lambda: [0, 1])
    (tmp_path / "onnxruntime.py").write_text(RUNTIME)
    images = drawn(70)
    with RuntimeProcess(EXPORTERS["onnx"], tmp_path, SHAPE, 2) as runtime:
        (found,) = classify_in_turn([runtime], iter([images]))

    assert found[:, 0].tolist() == [1.0] * 70
    assert np.allclose(found[:, 1], images.mean(axis=(1, 2, 3)) / 255, atol=1e-6)
