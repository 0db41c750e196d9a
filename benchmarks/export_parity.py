"""Random architectures of the whole vocabulary, exported, reloaded and compared.

    python benchmarks/export_parity.py              # 100 networks, half an hour
    python benchmarks/export_parity.py --quick      # 3 networks, a minute

Draws networks of all blocks and attentions, the custom block of examples/ among them,
over three image shapes; every third averages its predictions over shifts and flips.
Each has random weights and moving statistics, is written in every format whose packages
are installed, loaded in a fresh process by its own runtime and compared on 32 random
images, by the program of the export. A process loads the files of up to ten networks,
one after another: the import of TensorFlow alone takes as long as all conversions of a
network. Each core works at ten networks of its own. Full integers are judged by
accuracy, which a network that was not trained does not have; of these the largest
difference is reported.

The full run writes `export_parity.json` among the results, after each ten networks;
started again with the same packages, it goes on where it ended. `make reference` makes
the table of docs/how-to/devices.md of it. Ends with status 1 when a file cannot be
written or loaded, or differs by more than it may, or no network has the custom block.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from measurement.conclusion import conclude, new_parser, versions_of, write_result

from kedro_nas.devices import cpu_numbers
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import (
    EXPORTERS,
    CalibratedExporter,
    Exporter,
    missing_packages,
    traits_of,
)
from kedro_nas.export.fresh_process import ModelFiles, predict_of_models
from kedro_nas.export.parity import (
    ParitySample,
    compare_with_model,
    predict_in_batches,
)
from kedro_nas.latency.litert_files import kept_saved_model
from kedro_nas.models.averaged_predictions import average_predictions
from kedro_nas.models.build import build_model
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.registry import attention_names, block_names
from kedro_nas.testing.block_contract import change_weights

RESULTS = Path(__file__).parent / "results" / "export_parity.json"
SEED = 0
SHAPES = ((16, 16, 1), (12, 16, 3), (20, 20, 1))
CUSTOM = "temporal_attention"
N_IMAGES = 32
AT_ONCE = 10  # networks
OPTIONS = ExportOptions(max_accuracy_drop_pp=100)  # see above
PACKAGES = (
    *("kedro-nas", "keras", "tensorflow", "numpy", "ai-edge-litert", "onnx"),
    *("onnxruntime", "tf2onnx", "openvino"),
)


def a_space(shape: tuple[int, int, int]) -> Any:
    """Return the space of all blocks and attentions, of small networks."""
    options = SearchSpaceOptions.model_validate(
        {
            "preset": "accuracy",
            "blocks": [*block_names(), CUSTOM],
            "attention": list(attention_names()),
            "custom_blocks": {
                CUSTOM: {"function": f"{CUSTOM}:{CUSTOM}", "options": {"heads": [2, 4]}}
            },
            "n_stages": [1, 2, 3],
            "depth": [1],
            "max_params": 100_000,
            "max_macs": 5_000_000,
        }
    )
    return build_search_space(options, DataFacts(shape, 10, 50_000), seed=SEED)


def exporters(pixels: Any) -> list[Exporter]:
    """Return the formats whose packages are here, calibrated on the images."""
    found = [each for each in EXPORTERS.values() if not missing_packages(each)]
    return [
        each.calibrated(pixels) if isinstance(each, CalibratedExporter) else each
        for each in found
    ]


@dataclass(frozen=True)
class Written:
    """The files of one network, still to be loaded.

    Attributes:
        entry: Its entry of the results, with a row for each file that is not written.
        sample: Images, and what the model in memory says of them.
        exporters: Formats that were written.
        folder: Where to.
    """

    entry: dict[str, Any]
    sample: ParitySample
    exporters: list[Exporter]
    folder: Path


def write_files(architecture: Architecture, number: int, folder: Path) -> Written:
    """Build one network, and export it in all formats."""
    rng = generator(SEED, "export parity", number)
    pixels = rng.integers(0, 256, (N_IMAGES, *architecture.input_shape), np.uint8)
    channels = architecture.input_shape[2]
    model = build_model(
        architecture, mean=[120.0] * channels, std=[70.0] * channels, seed=number
    )
    change_weights(model, pixels.astype(np.float32))
    averaged = number % 3 == 2
    if averaged:
        model = average_predictions(model, shifts=True, flips=True)
    expected = predict_in_batches(model, pixels)
    rows, written = [], []
    folder.mkdir()
    with kept_saved_model(model):
        for each in exporters(pixels):
            row = write(each, model, folder)
            if row is None:
                written.append(each)
            else:
                rows.append(row)
    keras.backend.clear_session()
    entry = {
        "network": architecture.describe(),
        "key": architecture.key,
        "shape": list(architecture.input_shape),
        "averaged": averaged,
        "rows": rows,
    }
    sample = ParitySample(pixels, expected.argmax(-1), expected)
    return Written(entry, sample, written, folder)


def write(exporter: Exporter, model: Any, folder: Path) -> dict[str, Any] | None:
    """Write a file; return a row if that fails."""
    try:
        exporter.export(model, folder)
    except Exception as error:  # noqa: BLE001 - any converter's; it is reported
        return failed(exporter.name, "cannot be written", error)
    return None


def load_files(networks: list[Written]) -> None:
    """Load all files, and add a row each; one by one where one cannot be loaded."""
    models = [ModelFiles(n.folder, n.exporters, n.sample.pixels) for n in networks]
    try:
        found = predict_of_models(models)
    except ExportError as error:
        if len(networks) == len(networks[0].exporters) == 1:
            networks[0].entry["rows"].append(
                failed(networks[0].exporters[0].name, "cannot be loaded", error)
            )
            return
        for each in smaller(networks):
            load_files([each])
        return
    for network, of_format in zip(networks, found, strict=True):
        network.entry["rows"] += [
            compared(network, each, of_format[each.name]) for each in network.exporters
        ]


def smaller(networks: list[Written]) -> list[Written]:
    """Split what fails: into networks, or one network into formats."""
    if len(networks) > 1:
        return networks
    (one,) = networks
    return [replace(one, exporters=[each]) for each in one.exporters]


def compared(network: Written, exporter: Exporter, found: Any) -> dict[str, Any]:
    """Return the row of a file that was loaded."""
    try:
        row = compare_with_model(
            exporter, found, network.sample, network.folder, OPTIONS
        )
    except ExportError as error:
        return failed(exporter.name, "differs", error)
    return {
        "format": exporter.name,
        "ok": True,
        "difference": float(f"{row.max_difference:.3g}"),
        "equal_decisions": row.equal_decisions,
    }


def failed(name: str, what: str, error: Exception) -> dict[str, Any]:
    """Return the row of a file that is not handed over."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = f"{what}: {lines[0][:300]}"
    return {"format": name, "ok": False, "reason": reason}


def summary(networks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per format over all networks."""
    rows = [row for network in networks for row in network["rows"]]
    found = []
    for name in dict.fromkeys(row["format"] for row in rows):
        mine = [row for row in rows if row["format"] == name]
        fine = [row for row in mine if row["ok"]]
        traits = traits_of(EXPORTERS[name])
        limit = max(OPTIONS.parity_tolerance, traits.max_difference)
        found.append(
            {
                "format": name,
                "networks": len(mine),
                "failed": len(mine) - len(fine),
                "median": float(np.median([r["difference"] for r in fine] or [0])),
                "largest": max((r["difference"] for r in fine), default=0.0),
                "limit": None if traits.is_judged_by_accuracy else limit,
                "equal_decisions": float(
                    np.mean([r["equal_decisions"] for r in fine] or [0])
                ),
                "reasons": sorted({r["reason"] for r in mine if not r["ok"]}),
            }
        )
    return found


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(f"{'format':<16}  failed    median   largest     limit  equal decisions")
    for row in rows:
        limit = "accuracy" if row["limit"] is None else f"{row['limit']:.0e}"
        print(
            f"{row['format']:<16}  {row['failed']:>6}  {row['median']:>8.1e}  "
            f"{row['largest']:>8.1e}  {limit:>8}  {row['equal_decisions']:>14.1%}"
        )
        for reason in row["reasons"]:
            print("   ", reason)


def record(networks: list[dict[str, Any]]) -> None:
    """Write what was measured so far."""
    write_result(
        RESULTS,
        {
            "images": N_IMAGES,
            "seconds": round(sum(network["seconds"] for network in networks), 1),
            "formats": summary(networks),
            "networks": networks,
        },
        seeds=[SEED],
        packages=PACKAGES,
    )


def recorded() -> list[dict[str, Any]]:
    """Return the networks of an earlier run with the same packages."""
    if not RESULTS.exists():
        return []
    found = json.loads(RESULTS.read_text())
    same = {"packages": versions_of(PACKAGES), "images": N_IMAGES, "seeds": [SEED]}
    found.setdefault("seeds", [found.get("seed")])  # as it was written once
    if any(found.get(name) != value for name, value in same.items()):
        return []
    networks: list[dict[str, Any]] = found["networks"]
    return networks


def measure(architectures: dict[int, Architecture]) -> list[dict[str, Any]]:
    """Export and compare networks, by their numbers; return their entries."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        networks = [
            write_files(architecture, number, Path(scratch, str(number)))
            for number, architecture in architectures.items()
        ]
        load_files(networks)
    seconds = round((time.monotonic() - began) / len(networks), 1)
    return [{**network.entry, "seconds": seconds} for network in networks]


def main() -> int:
    """Export, compare, write, and judge."""
    parser = new_parser(__doc__)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--workers", type=int, default=len(cpu_numbers()))
    given = parser.parse_args()
    n = 3 if given.quick else given.networks
    sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "custom_block"))
    spaces = [a_space(shape) for shape in SHAPES]
    rng = generator(SEED, "export parity")
    drawn = [spaces[number % len(SHAPES)].sample(rng) for number in range(n)]
    networks = [] if given.quick else recorded()[:n]
    if [each["key"] for each in networks] != [a.key for a in drawn[: len(networks)]]:
        networks = []
    groups = [
        {number: drawn[number] for number in range(n)[first : first + AT_ONCE]}
        for first in range(len(networks), n, AT_ONCE)
    ]
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        for entries in pool.map(measure, groups):
            for entry in entries:
                wrong = [row["format"] for row in entry["rows"] if not row["ok"]]
                print(len(networks), entry["network"], *wrong, flush=True)
                networks.append(entry)
            if not given.quick:
                record(networks)
    rows = summary(networks)
    show(rows)
    custom = sum(CUSTOM in network["network"] for network in networks)
    n_wrong = sum(row["failed"] for row in rows)
    files = sum(row["networks"] for row in rows)
    return conclude(
        f"export_parity: {n} networks, {custom} with the custom block, {files} files, "
        f"{n_wrong} failed",
        passed=not n_wrong and (given.quick or custom > 0),
    )


if __name__ == "__main__":
    sys.exit(main())
