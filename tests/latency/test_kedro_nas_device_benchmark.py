"""`kedro_nas_device_benchmark.py`: one file that times others on a device."""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.latency import kedro_nas_device_benchmark as benchmark


class Interpreter:
    """A runtime whose files hold the number of loops a call takes."""

    def __init__(self, model_content: bytes, num_threads: int) -> None:
        self.loops = int(model_content)
        self.threads = num_threads

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array([1, 2]), "dtype": np.float32}]

    def set_tensor(self, index: int, values: Any) -> None:
        assert values.dtype == np.float32

    def invoke(self) -> None:
        sum(range(self.loops))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return files for the made-up runtime."""
    monkeypatch.setattr(
        benchmark, "find_runtime", lambda: (Interpreter, "made-up", "1.0")
    )
    files = [{"file": f"{n}.tflite", "operator": ["conv", n]} for n in (100, 10_000)]
    for entry in files:
        (tmp_path / entry["file"]).write_text(entry["file"].removesuffix(".tflite"))
    manifest = {"format": 1, "id": "abc", "files": files}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_longer_calls_take_longer(folder: Path) -> None:
    """Each row has its time and says what it is the time of."""
    found = json.loads(benchmark.run(folder, 0.0, 1))
    short, long = found["files"]

    assert long["us"] > 5 * short["us"] > 0
    assert long["p90_us"] > 0
    assert short["rounds"] == benchmark.LEAST_ROUNDS
    assert short["operator"] == ["conv", 100]
    assert found["manifest_id"] == "abc"
    assert {"processor", "cores", "architecture"} <= set(found["machine"])


def test_a_disturbed_round_does_not_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a file is that of its least disturbed visit."""
    timer = benchmark.Timer(lambda name: (folder / name).read_bytes(), 1)
    visits = iter([(3e-6, 5e-6, 10), (1e-6, 6e-6, 10), (2e-6, 4e-6, 10)])
    monkeypatch.setattr(timer, "visit", lambda _: next(visits))
    (found,) = benchmark.time_files(timer, ["100.tflite"], 0.0)

    assert (found.us, found.p90_us) == (1.0, 4.0)
    assert (found.rounds, found.calls) == (3, 30)


def test_a_zip_file_is_as_good_as_a_folder(folder: Path, tmp_path: Path) -> None:
    """One file is easier to copy to a phone."""
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in folder.iterdir():
            if path.suffix != ".zip":
                made.write(path, f"probes/{path.name}")
    output = tmp_path / "out.json"
    benchmark.main([str(archive), "--output", str(output), "--seconds", "0"])
    written = json.loads(output.read_text())

    assert len(written["files"]) == 2
    assert written["runtime"] == "made-up"


def test_a_folder_without_a_manifest_ends_with_what_to_do(tmp_path: Path) -> None:
    """The message names the command that writes the folder."""
    text = tmp_path / "no_archive.zip"
    text.write_text("no zip file")

    for source in (tmp_path, tmp_path / "missing", text):
        with pytest.raises(SystemExit, match="--prepare"):
            benchmark.Files(source)


def test_a_coarse_clock_of_threads_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls of microseconds do not take 0 where that clock advances by 16 ms."""
    coarse = SimpleNamespace(resolution=0.0156)
    monkeypatch.setattr(benchmark.time, "get_clock_info", lambda _: coarse)
    monkeypatch.setattr(benchmark.time, "thread_time", lambda: 0.0)
    found = json.loads(benchmark.run(folder, 0.0, 1))

    assert all(row["us"] > 0 for row in found["files"])


def test_program_needs_nothing_but_numpy_and_a_runtime() -> None:
    """The file runs on a device without this package."""
    tree = ast.parse(Path(benchmark.__file__).read_text())
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
        )
    }

    assert names - set(sys.stdlib_module_names) == {
        "numpy",
        "ai_edge_litert",
        "tflite_runtime",
    }


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (10, ["round 1: 16 s of 48", "round 2: 32 s of 48", "round 3: 48 s of 48"]),
        (60, ["round 1: 16 s of 60", "round 2: 32 s of 60", "round 3: 48 s of 60"]),
    ],
)
def test_progress_tells_how_long_three_rounds_take(
    monkeypatch: pytest.MonkeyPatch, seconds: float, said: list[str]
) -> None:
    """A machine too slow for the seconds asked for is told how many it takes."""
    now = [0.0]
    monkeypatch.setattr(benchmark.time, "monotonic", lambda: now[0])

    def visit(_: str) -> tuple[float, float, int]:
        now[0] += 8
        return 1.0, 1.0, 1

    lines: list[str] = []
    timer: Any = SimpleNamespace(visit=visit)
    benchmark.time_files(timer, ["a", "b"], seconds, lines.append)

    assert lines[:3] == said
