"""Decode and store images, against Keras' own way of reading a folder into a cache.

Each reading runs in a process of its own, so peak memory is its own too: the
proportional set size of the process and its workers (shared pages counted once),
sampled five times a second. Both read the same folder of PNG (32x32) or JPEG (400x400)
files, warm in the page cache, in turns, the better of `--repeats` runs each.

    python benchmarks/data_preparation.py [--quick]

Bar: at least as many images per second as `keras.utils.image_dataset_from_directory`
with `.cache()` read once, and a peak under 1 GiB.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from measurement.conclusion import RESULTS, conclude, new_parser, write_result

BOUND_MIB = 1024
SEED = 0
SIZES = {
    "10k of 32x32": (10_000, 32),
    "200k of 32x32": (200_000, 32),
    "5k of 400x400": (5_000, 400),
}
QUICK = {"2k of 32x32": (2_000, 32), "200 of 400x400": (200, 400)}

Row: TypeAlias = dict[str, Any]


def main() -> int:
    parser = new_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--reader", choices=["ours", "keras"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", type=int)
    arguments = parser.parse_args()
    if arguments.reader:
        measure(arguments.reader, arguments.folder, arguments.side)
        return 0
    sizes = QUICK if arguments.quick else SIZES
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (n, side) in sizes.items():
            rows += compare(name, n, side, Path(folder), arguments.repeats)
    return judge(rows, quick=arguments.quick)


def compare(name: str, n: int, side: int, folder: Path, repeats: int) -> list[Row]:
    images = folder / f"{n}-{side}"
    make_images(images, n, side)
    rows = []
    runs: dict[str, list[Row]] = {"ours": [], "keras": []}
    for _ in range(repeats):
        for reader, results in runs.items():
            results.append(run(reader, images, side))
    for reader, results in runs.items():
        best = min(results, key=lambda result: result["seconds"])
        row = {"set": name, "reader": reader, "n": n, **best}
        row["images_per_s"] = round(n / best["seconds"])
        rows.append(row)
        print(
            f"{name:14} {reader:6} {row['seconds']:8.1f} s, {row['cpu_seconds']:.1f} of"
            f" CPU; {row['images_per_s']:,} images/s; peak {row['peak_mib']:,} MiB",
            flush=True,
        )
    shutil.rmtree(images)
    return rows


def make_images(folder: Path, n: int, side: int) -> None:
    """Write smooth random images, ten classes; no two are alike."""
    from PIL import Image

    rng = np.random.default_rng(SEED)
    for label in range(10):
        (folder / f"class_{label}").mkdir(parents=True)
    for i in range(n):
        coarse = rng.integers(0, 256, (6, 6, 3), np.uint8)
        image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        suffix = "png" if side < 100 else "jpg"
        image.save(folder / f"class_{i % 10}" / f"{i:06d}.{suffix}", quality=90)


def run(reader: str, folder: Path, side: int) -> Row:
    command = [
        sys.executable,
        __file__,
        "--reader",
        reader,
        "--folder",
        str(folder),
        "--side",
        str(side),
    ]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    shutil.rmtree(folder.parent / "workspace", ignore_errors=True)
    result = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    )
    row: Row = json.loads(result.stdout.splitlines()[-1])
    return row


def measure(reader: str, folder: Path, side: int) -> None:
    """Read once in this process; importing is not counted, starting workers is."""
    read = prepare_ours() if reader == "ours" else prepare_keras(side)
    peak = Peak()
    before = sum(os.times()[:4])
    started = time.perf_counter()
    read(folder)
    seconds = time.perf_counter() - started
    cpu = sum(os.times()[:4]) - before
    print(
        json.dumps(
            {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 2), **peak.stop()}
        )
    )


def prepare_ours() -> Callable[[Path], None]:
    from kedro_nas.data.prepare import prepare_images
    from kedro_nas.parameters.data_preparation import DataPreparationOptions

    options = DataPreparationOptions(image_size="native")

    def read(folder: Path) -> None:
        workspace = folder.parent / "workspace"
        prepare_images(folder, options, seed=SEED, workspace=workspace)

    return read


def prepare_keras(side: int) -> Callable[[Path], None]:
    import keras

    def read(folder: Path) -> None:
        data = keras.utils.image_dataset_from_directory(
            folder,
            image_size=(side, side),
            batch_size=256,
            shuffle=False,
            verbose=False,
        )
        for _ in data.cache():
            pass

    return read


class Peak:
    """Samples the memory of this process and its children, shared pages once."""

    def __init__(self) -> None:
        self.kib = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """End sampling; MiB."""
        self._stopped.set()
        self._thread.join()
        return {"peak_mib": round(self.kib / 1024)}

    def _sample(self) -> None:
        while not self._stopped.wait(0.2):
            self.kib = max(self.kib, sum(map(proportional_kib, family(os.getpid()))))


def proportional_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # ended meanwhile
        return 0
    sizes = (line for line in text.splitlines() if line.startswith("Pss:"))
    return sum(int(line.split()[1]) for line in sizes)


def family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += family(int(child))
    return found


def judge(rows: list[Row], *, quick: bool) -> int:
    ours = [row for row in rows if row["reader"] == "ours"]
    keras = [row for row in rows if row["reader"] == "keras"]
    ratios = {
        o["set"]: o["images_per_s"] / k["images_per_s"]
        for o, k in zip(ours, keras, strict=True)
    }
    peak = max(row["peak_mib"] for row in ours)
    # a small set costs us the start of nothing but a few files: not judged when quick
    passed = bool(peak < BOUND_MIB and (quick or min(ratios.values()) >= 1))
    result = {
        "rows": rows,
        "speed_against_keras": {
            name: round(ratio, 2) for name, ratio in ratios.items()
        },
        "bound_mib": BOUND_MIB,
        "passed": passed,
    }
    if not quick:
        write_result(
            RESULTS / "data_preparation.json",
            result,
            seeds=[SEED],
            packages=("pillow", "pyarrow"),
        )
    speeds = ", ".join(
        f"{ratio:.2f}x Keras on {name}" for name, ratio in ratios.items()
    )
    verdict = "PASSED" if passed else "SHORT"
    line = f"{verdict}: {speeds}; peak {peak:,.0f} of {BOUND_MIB:,} MiB"
    return conclude(line, passed=passed)


if __name__ == "__main__":
    sys.exit(main())
