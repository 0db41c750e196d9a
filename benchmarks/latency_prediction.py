"""Predicted against measured latency of networks that no profile has seen.

    python benchmarks/latency_prediction.py            # 60 networks, some 8 minutes
    python benchmarks/latency_prediction.py --quick    # 6 networks, under a minute

Draws networks from the whole vocabulary, others than those of a profile, builds each
with Keras, gives its norms random statistics and converts it with TensorFlow's
converter as the export does. Then times these files and those of a profile of this
machine, as `kedro nas profile-device` does (one thread), all in turn in many rounds:
measured one after the other, they would differ by what else the machine does meanwhile.
The prediction knows nothing of the networks but their architecture.

The time of a file is the smallest median of its rounds, of the seconds its thread had
on the processor: what it takes when nothing disturbs it. Load before and after is in
the JSON; on a busy machine caches are shared, and the errors are larger.

Ends with status 1 where the median absolute error is 8 % or more, or the rank
correlation 0.97 or less; --quick allows 20 % and 0.9, since six networks say little.
The full run writes its JSON to benchmarks/results.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from measurement.conclusion import conclude, new_parser, write_result
from scipy.stats import spearmanr

from kedro_nas.latency import kedro_nas_device_benchmark as device
from kedro_nas.latency.litert_files import write_untrained
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.latency.profiling import (
    IMAGE_SHAPES,
    N_NETWORKS,
    N_OPERATORS,
    make_profile,
    prepare_files,
    time_here,
)
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs

RESULTS = Path(__file__).parent / "results" / "latency_prediction.json"
SEED = 0
HELD_OUT = "held_out_"
MOST_PERCENT, LEAST_SPEARMAN = 8.0, 0.97
QUICK_PERCENT, QUICK_SPEARMAN = 20.0, 0.9


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def add_networks(folder: Path, networks: list[Architecture]) -> None:
    """Add converted networks to the files that are timed."""
    place = folder / device.MANIFEST
    manifest = json.loads(place.read_text())
    for number, one in enumerate(networks):
        name = f"{HELD_OUT}{number:03d}.tflite"
        path = write_untrained(one, folder / name, seed=SEED)
        manifest["files"].append({"file": path.name, "network": one.to_dict()})
    place.write_text(json.dumps(manifest))


def measure(
    n_networks: int, n_operators: int, n_checks: int, seconds: float
) -> dict[str, Any]:
    networks = draw_networks(IMAGE_SHAPES, n_networks, SEED, purpose="benchmark")
    with tempfile.TemporaryDirectory() as scratch:
        folder = prepare_files(
            Path(scratch) / "probes", n_operators=n_operators, n_networks=n_checks
        )
        print(f"converting {n_networks} networks", flush=True)
        add_networks(folder, networks)
        print("measurement:")
        timings = time_here(folder, seconds=seconds, say=say)
    rows = [one for one in timings.files if one.file.startswith(HELD_OUT)]
    others = tuple(one for one in timings.files if not one.file.startswith(HELD_OUT))
    profile = make_profile("this machine", timings.model_copy(update={"files": others}))
    compared = []
    for one, row in zip(networks, rows, strict=True):
        began = time.perf_counter()
        predicted = 1e3 * profile.predict_ms(one)
        compared.append(
            {
                "network": one.describe(),
                "activation": one.activation,
                "image": "x".join(map(str, one.input_shape)),
                "macs": costs(one).macs,
                "measured_us": row.us,
                "measured_p90_us": row.p90_us,
                "predicted_us": round(predicted, 3),
                "rounds": row.rounds,
                "prediction_took_us": round(1e6 * (time.perf_counter() - began), 1),
            }
        )
    return {
        "profile": {
            "machine": profile.machine.model_dump(),
            "error": profile.error.model_dump(),
            "seconds": profile.seconds,
            "n_operators": len(profile.operators),
        },
        "load_before": profile.load_before,
        "load_after": profile.load_after,
        "networks": compared,
    }


def summarise(found: dict[str, Any]) -> dict[str, float]:
    measured = np.array([row["measured_us"] for row in found["networks"]])
    predicted = np.array([row["predicted_us"] for row in found["networks"]])
    macs = np.array([row["macs"] for row in found["networks"]])
    errors = 100 * np.abs(predicted / measured - 1)
    by_macs = macs * np.median(measured / macs)
    return {
        "n": len(errors),
        "median_absolute_percent": round(float(np.median(errors)), 2),
        "p90_absolute_percent": round(float(np.quantile(errors, 0.9)), 2),
        "bias_percent": round(float(100 * np.median(predicted / measured - 1)), 2),
        "spearman": round(float(spearmanr(predicted, measured).statistic), 4),
        "macs_median_absolute_percent": round(
            float(np.median(100 * np.abs(by_macs / measured - 1))), 2
        ),
        "macs_spearman": round(float(spearmanr(macs, measured).statistic), 4),
        "median_prediction_us": round(
            float(np.median([row["prediction_took_us"] for row in found["networks"]])),
            1,
        ),
    }


def main() -> int:
    parser = new_parser(__doc__, quick="under a minute; writes no result")
    quick = parser.parse_args().quick
    if quick:
        found = measure(6, 240, 12, 15.0)
    else:
        found = measure(60, N_OPERATORS, N_NETWORKS, 300.0)
    summary = summarise(found)
    print(f"{'measured us':>12} {'predicted us':>12} {'ratio':>6}  network")
    for row in sorted(found["networks"], key=lambda row: row["measured_us"]):
        ratio = row["predicted_us"] / row["measured_us"]
        print(
            f"{row['measured_us']:>12.1f} {row['predicted_us']:>12.1f} {ratio:>6.2f}  "
            f"{row['network']} {row['activation']} on {row['image']}"
        )
    if not quick:
        record = {
            "summary": summary,
            **found,
        }
        write_result(RESULTS, record, seeds=[SEED])
    percent, spearman = summary["median_absolute_percent"], summary["spearman"]
    most, least = (
        (QUICK_PERCENT, QUICK_SPEARMAN) if quick else (MOST_PERCENT, LEAST_SPEARMAN)
    )
    print(
        f"load {found['load_before']} to {found['load_after']}; MACs alone: "
        f"{summary['macs_median_absolute_percent']:.1f} %, Spearman "
        f"{summary['macs_spearman']:.3f}"
    )
    return conclude(
        f"median absolute error {percent:.1f} % (below {most:g}), "
        f"Spearman {spearman:.3f} (above {least:g}), {summary['n']} networks",
        passed=percent < most and spearman > least,
    )


if __name__ == "__main__":
    sys.exit(main())
