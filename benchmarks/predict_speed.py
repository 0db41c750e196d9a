"""`kedro nas predict` on 10,000 image files against the bare loop of the runtime.

    python benchmarks/predict_speed.py            # 10,000 images, two minutes
    python benchmarks/predict_speed.py --quick    # 1,000 images, not judged

A folder of PNG files of 28 x 28 pixels, one of them cut short, is classified by
candidate 0 of their space as LiteRT and as ONNX: by the command, Kedro's start
included; and by the loop of 20 lines that one would write, in a fresh process whose
start counts, too: import the runtime, open the file, and 256 at a time open the images
with Pillow, predict, keep the probabilities; at the end it saves them. The loop checks
nothing, has no names of files or classes, and would end at the broken file, so it is
given the others. Loop and command are run in turn, and the fastest run of each counts,
as other work on the machine only slows a run. The table also has the runtime alone, on
pixels in memory.

The figure is the largest ratio of the command to the loop; ends with status 1 above
1.2, or when the two disagree on a class, or the broken file is no row with a reason.
Writes benchmarks/results/predict_speed.json.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from measurement.conclusion import conclude, new_parser, write_result
from PIL import Image

from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.export.formats import EXPORTERS, missing_packages
from kedro_nas.export.handover import MANIFEST, exported_file, write_kit
from kedro_nas.files import write_json
from kedro_nas.models.build import build_model
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.manifest import Manifest
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import DataFacts

RESULTS = Path(__file__).parent / "results" / "predict_speed.json"
SEED = 0
BAR = 1.2
SHAPE = (28, 28, 1)
FORMATS = ("litert", "onnx")
CLASSES = [f"class {number}" for number in range(10)]
# what one would write without this package; a file that is broken ends it, so it is
# given the others only
LOOP = """
import sys
import time
from pathlib import Path

import numpy
from PIL import Image

paths = sorted(Path(sys.argv[1]).glob("*.png"))
found, seconds = [], 0.0
for first in range(0, len(paths), 256):
    images = [numpy.asarray(Image.open(path)) for path in paths[first : first + 256]]
    pixels = numpy.stack(images)[..., None]
    began = time.perf_counter()
    found.append(predict(pixels))
    seconds += time.perf_counter() - began
numpy.save(sys.argv[2], numpy.concatenate(found))
Path(sys.argv[2] + ".txt").write_text(str(seconds))
"""
# a project whose catalog has nothing but the exports
PYPROJECT = """
[tool.kedro]
package_name = "kedro_nas"
project_name = "predict-speed"
kedro_init_version = "1.7.0"
source_dir = "src"
"""
PARAMETERS = "nas: {prediction: {}}\n"
CATALOG = """
nas.exports: {type: kedro_nas.datasets.ExportsDataset, path: exports}
"""


def write_project(folder: Path) -> None:
    """Write a project with exports of candidate 0."""
    (folder / "conf" / "base").mkdir(parents=True)
    (folder / "conf" / "local").mkdir()
    (folder / "src").mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "conf" / "base" / "catalog.yml").write_text(CATALOG)
    (folder / "conf" / "base" / "parameters.yml").write_text(PARAMETERS)
    options = SearchSpaceOptions(preset="cpu")
    space = build_search_space(options, DataFacts(SHAPE, 10, 10_000), seed=SEED)
    model = build_model(space.anchors[0], mean=[120.0], std=[70.0], seed=SEED)
    exports = folder / "exports"
    exports.mkdir()
    found = [EXPORTERS[name] for name in FORMATS]
    for each in found:
        each.export(model, exports)
    write_kit(
        exports,
        found,
        preprocessing_of(Layout(*SHAPE, "pad", 255), CLASSES, 10**6, None),
    )
    manifest = Manifest(
        network=space.anchors[0].describe(),
        key=space.anchors[0].key,
        files=tuple(exported_file(each, each.name) for each in found),
        license="apache-2.0",
    )
    write_json(exports / MANIFEST, manifest.to_json())


def write_images(folder: Path, n: int) -> None:
    """Write n images, smooth as photographs are, and one that is cut short."""
    folder.mkdir()
    rng = generator(SEED, "predict speed")
    for number in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (7, 7), np.uint8))
        image = coarse.resize(SHAPE[:2], Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05}.png")


def children_cpu_s() -> float:
    """Return the processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_command(project: Path, images: Path, name: str) -> tuple[float, pd.DataFrame]:
    """Run `kedro nas predict`; gives wall seconds and the table."""
    output = project / f"{name}.parquet"
    began = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "kedro",
            "nas",
            "predict",
            str(images),
            "--format",
            name,
            "--output",
            str(output),
        ],
        cwd=project,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began, pd.read_parquet(output)


def run_loop(project: Path, images: Path, name: str) -> tuple[float, float, Any]:
    """Run the bare loop; gives wall seconds, those in the runtime, probabilities."""
    output = project / f"{name}.npy"
    began = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            "-c",
            EXPORTERS[name].snippet() + LOOP,
            str(images),
            str(output),
        ],
        cwd=project / "exports",
        check=True,
    )
    seconds = time.perf_counter() - began
    return seconds, float(Path(f"{output}.txt").read_text()), np.load(output)


def measure(name: str, project: Path, images: Path, runs: int) -> dict[str, Any]:
    """Run command and loop in turn; the fastest of each counts."""
    commands, loops, alone = [], [], []
    load, cpu = os.getloadavg()[0], [children_cpu_s()]
    broken = images / "broken.png"
    for _ in range(runs):
        broken.unlink(missing_ok=True)
        seconds, in_runtime, shares = run_loop(project, images, name)
        loops.append(seconds)
        cpu.append(children_cpu_s())
        alone.append(in_runtime)
        broken.write_bytes((images / "00000.png").read_bytes()[:60])
        seconds, table = run_command(project, images, name)
        commands.append(seconds)
        cpu.append(children_cpu_s())
    usable = table[table["fault"].isna()]
    names = np.array(CLASSES)[shares.argmax(axis=1)]
    return {
        "format": name,
        "images": len(table),
        "command_s": min(commands),
        "loop_s": min(loops),
        "runtime_s": min(alone),
        "ratio": min(commands) / min(loops),
        "command_cpu_s": float(np.diff(cpu)[1::2].min()),
        "loop_cpu_s": float(np.diff(cpu)[::2].min()),
        "load_before": load,
        "all_commands_s": commands,
        "all_loops_s": loops,
        "is_equal": usable["class"].tolist() == names.tolist(),
        "fault": str(table.loc[table["file"] == "broken.png", "fault"].item()),
    }


def main() -> int:
    """Measure, write, and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    n, runs = (1000, 1) if quick else (10_000, 9)
    if missing := [p for f in FORMATS for p in missing_packages(EXPORTERS[f])]:
        return conclude(f"predict_speed: needs {', '.join(missing)}", passed=False)
    with tempfile.TemporaryDirectory() as scratch:
        project, images = Path(scratch) / "project", Path(scratch) / "images"
        write_project(project)
        write_images(images, n)
        rows = [measure(name, project, images, runs) for name in FORMATS]
    print(
        f"{'format':<8}  images   command      loop  runtime alone  ratio  "
        "processor seconds of both"
    )
    for row in rows:
        print(
            f"{row['format']:<8}  {row['images']:>6,}  {row['command_s']:>6.1f} s  "
            f"{row['loop_s']:>6.1f} s  {row['runtime_s']:>11.1f} s  "
            f"{row['ratio']:>5.2f}  {row['command_cpu_s']:>6.1f}, "
            f"{row['loop_cpu_s']:.1f}"
        )
    worst = max(row["ratio"] for row in rows)
    if not quick:
        write_result(RESULTS, {"bar": BAR, "rows": rows}, seeds=[SEED])
    is_right = all(row["is_equal"] and row["fault"] for row in rows)
    return conclude(
        f"predict_speed: command {worst:.2f} x the bare loop (at most {BAR}), "
        f"{'same classes' if is_right else 'DIFFERENT classes'}, broken file: "
        f"{rows[0]['fault']}",
        passed=is_right and (quick or worst <= BAR),
    )


if __name__ == "__main__":
    sys.exit(main())
