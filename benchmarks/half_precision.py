"""What bfloat16 saves on a CPU with matrix units for it.

    python benchmarks/half_precision.py            # twelve networks, three minutes
    python benchmarks/half_precision.py --quick    # three networks, under a minute

Times gradient steps of 32 images on one thread, in float32 and in mixed bfloat16, in
turns and in one process: candidate 0, its proven widenings, and its outline with each
block and attention. The seconds are those of the processor, the least of some rounds,
so that other work on the machine matters less.

The figure is the geometric mean of the ratios. Ends with status 1 when it is below 1.3,
or when a network is slower in bfloat16 (a ratio below 0.95). Without the matrix units
it says so and ends with status 0. Writes benchmarks/results/half_precision.json.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import geometric_mean
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
from engine import prepare
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.store import ImageStore
from kedro_nas.space.anchors import proven_code, spell_code
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.device import prepare_device
from kedro_nas.training.execution import HALF, PLAIN
from kedro_nas.training.half_precision import cpu_multiplies_bfloat16
from kedro_nas.training.learner import Learner
from kedro_nas.training.pixels import DevelopmentPixels

RESULTS = Path(__file__).parent / "results" / "half_precision.json"
BAR, WORST = 1.3, 0.95
STEPS, ROUNDS, BATCH = 10, 6, 32
WIDE_STEM = 64
# block, attention and options of all stages of candidate 0
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("separable", "none", {}),
    ("inverted_residual", "none", {"expansion": 4}),
    ("fused_inverted_residual", "none", {"expansion": 4}),
    ("convnext", "none", {"expansion": 4}),
    ("conv", "se", {}),
    ("conv", "eca", {}),
    ("conv", "cbam", {}),
    ("conv", "self_attention", {}),
)


def networks(space: SearchSpace) -> list[Architecture]:
    """Return candidate 0, its widenings, and its outline with other blocks."""
    first = space.anchors[0]
    found = [first]
    for block in ("conv", "residual"):
        code = proven_code(space.input_shape, block, WIDE_STEM, doubling=True)
        found.append(space.decode(spell_code(space.choices, code)))
    for block, attention, options in VARIANTS:
        stages = tuple(
            stage.model_copy(
                update={
                    "block": block,
                    "attention": attention,
                    "options": tuple(options.items()),
                }
            )
            for stage in first.stages
        )
        found.append(first.model_copy(update={"stages": stages}))
    return found


def time_steps(network: Architecture, pixels: DevelopmentPixels, rows: Any) -> Any:
    """Return milliseconds of a step by precision, the least of the rounds."""
    learners = {
        execution.precision: Learner(
            network,
            pixels,
            mean=[72.0],
            std=[90.0],
            bn_momentum=0.9,
            class_weights=None,
            seed=0,
            execution=execution,
        )
        for execution in (PLAIN, HALF)
    }
    order = np.random.default_rng(0).permutation(rows)[: STEPS * BATCH]
    steps = order.reshape(STEPS, BATCH)
    rates = np.full((STEPS, 2), 0.001, np.float32)
    best = dict.fromkeys(learners, float("inf"))
    for number in range(ROUNDS):
        for name, learner in learners.items():
            began = time.process_time()
            learner.train_epoch(steps, rates, seed=number)
            if number > 1:  # graphs are optimised, and chunks of steps grow
                spent_s = time.process_time() - began
                best[name] = min(best[name], 1e3 * spent_s / STEPS)
    return best


def main() -> int:
    """Compare, write and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    if not cpu_multiplies_bfloat16():
        print("this CPU has no matrix units for bfloat16; nothing to compare")
        return 0
    prepare_device(1)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        path, space_file = prepare(Path(name), 2_000, 3)
        store = ImageStore.open(path)
        pixels = DevelopmentPixels(store, max_resident_mb=1024)
        space = SearchSpace.model_validate_json(space_file.read_text())
        positions = pixels.positions(store.rows("train"))
        for network in networks(space)[: 3 if quick else None]:
            took = time_steps(network, pixels, positions)
            ratio = took["float32"] / took["mixed_bfloat16"]
            rows.append({"network": network.describe(), "ms": took, "ratio": ratio})
            print(
                f"{network.describe()[:76]:76s} {took['float32']:7.1f} ms "
                f"{took['mixed_bfloat16']:7.1f} ms  {ratio:.2f}",
                flush=True,
            )
    mean = geometric_mean(row["ratio"] for row in rows)
    passed = mean >= BAR and min(row["ratio"] for row in rows) >= WORST
    if not quick:
        report = {
            "bar": BAR,
            "ratio": mean,
            "passed": passed,
            "rows": rows,
        }
        write_result(RESULTS, report, seeds=[0])
    return conclude(
        f"steps in float32 take {mean:.2f} times those in bfloat16", passed=passed
    )


if __name__ == "__main__":
    sys.exit(main())
