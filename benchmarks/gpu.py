"""Check kedro-nas on this machine's GPU: what is right on a CPU has to be right there.

    python benchmarks/gpu.py            # under 10 minutes; or: make gpu-check
    python benchmarks/gpu.py --quick    # one batch of each block, under a minute

1. `layers`: a network of each block, attention, activation, augmentation and optimizer
   takes a few steps, as they are and as XLA with bfloat16; op determinism makes some
   operations fail on GPUs that have no deterministic kernel.
2. `determinism`: one training, twice, gives the same losses to the last bit.
3. `speed`: images per second of candidate 0, with what the probes chose, against
   `keras.Model.fit` on the same network, batch size and images.
4. `smoke`: the smoke job, bounded by counts, on the GPU and on the CPU: the same
   trials, and the same architecture chosen. A GPU rounds otherwise than a CPU, so
   networks that are as good may change places; both scores are in the results.
5. `job`: `kedro run --pipelines nas` for two minutes, while the memory of the card is
   watched: TensorFlow must not take all of it in any process.

Ends with status 1 where a check fails, and without a GPU, where nothing was checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from gpu_checks.bench import SEED, Bench, Check
from gpu_checks.jobs import check_job, check_smoke
from gpu_checks.training import (
    check_determinism,
    check_layers,
    check_speed,
    time_fit,
)
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.devices import find_gpus
from kedro_nas.parameters.data_preparation import DataPreparationOptions

PROJECT = Path(__file__).parents[1]
IMAGES = PROJECT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
RESULTS = Path(__file__).parent / "results" / "gpu.json"


def run_check(check: Callable[[], Check], name: str) -> Check:
    """Run one check; one that breaks is a fault, and the others still run."""
    began = time.monotonic()
    try:
        found = check()
    except Exception as error:  # noqa: BLE001 - whatever breaks it is a fault
        found = Check(name, [f"{type(error).__name__}: {error}"])
    found.figures["seconds"] = round(time.monotonic() - began, 1)
    verdict = "ok" if not found.faults else "FAULT"
    print(f"{name:<12} {verdict:<6} {found.figures['seconds']:>6} s", flush=True)
    for fault in found.faults:
        print(f"    {fault}", flush=True)
    return found


def main() -> int:
    """Run the checks, write the results, print the figure."""
    parser = new_parser(__doc__)
    parser.add_argument("--only", nargs="*", help="names of checks")
    parser.add_argument("--budget-s", type=int, default=120)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--child")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.child:
        print(time_fit(ImageStore.open(options.store), options.batch))
        return 0
    gpus = find_gpus()
    if not gpus.names:
        print(gpus.problem or "There is no GPU on this machine.")
        print("gpu-check: no GPU, nothing was checked")
        return 1
    with tempfile.TemporaryDirectory() as name:
        table = pd.read_parquet(IMAGES)
        store, _ = prepare_images(
            table.groupby("split").head(600) if options.quick else table,
            DataPreparationOptions(),
            seed=SEED,
            workspace=Path(name),
        )
        bench = Bench(Path(name), store)
        compiled = not options.quick
        checks: dict[str, Callable[[], Check]] = {
            "layers": lambda: check_layers(
                bench, compiled=compiled, workers=options.workers
            ),
            "determinism": lambda: check_determinism(bench),
            "speed": lambda: check_speed(bench),
            "smoke": lambda: check_smoke(bench),
            "job": lambda: check_job(bench, options.budget_s),
        }
        wanted = options.only or (["layers"] if options.quick else list(checks))
        found: list[Check] = []
        for one in wanted:
            found.append(run_check(checks[one], one))
            write(found, options.out, list(gpus.names))
    n_faults = sum(len(check.faults) for check in found)
    line = f"gpu-check: {n_faults} faults in {len(found)} checks"
    return conclude(line, passed=not n_faults)


def write(found: list[Check], path: Path, gpus: list[str]) -> None:
    """Write what was found as JSON."""
    card = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    result = {
        "cards": card,
        "gpus": gpus,
        "checks": json.loads(json.dumps([vars(check) for check in found], default=str)),
    }
    write_result(path, result, seeds=[SEED])


if __name__ == "__main__":
    sys.exit(main())
