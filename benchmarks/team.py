"""Images per second of a team of workers against one worker with as many threads.

Both train candidate 0 and a network twice as wide on made-up images of 32 x 32 x 3, for
the same seconds, in turns; what is reported is the ratio of the medians. Bar: a team
makes at least as many images per second as the threads.

    python benchmarks/team.py [--quick]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.devices import cpu_numbers
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.training.tasks import Task
from kedro_nas.training.team_run import run_on_team
from kedro_nas.training.workers.local import LocalPool

RESULTS = Path(__file__).parent / "results" / "team.json"
WIDTHS = {"candidate_0": (48, 48, 96, 128), "twice_as_wide": (64, 64, 128, 256)}
BAR = 1.0
SEED = 0


def network(widths: tuple[int, ...]) -> Architecture:
    """Return a network of the outline of candidate 0."""
    stem, *stages = widths
    return Architecture(
        input_shape=(32, 32, 3),
        n_classes=10,
        stem=Stem(width=stem, kernel_size=3, stride=2),
        stages=tuple(
            Stage(block="conv", depth=1, width=width, kernel_size=3, stride=stride)
            for width, stride in zip(stages, (1, 2, 2), strict=True)
        ),
    )


def images_per_second(
    store: ImageStore, one: Architecture, pool: LocalPool, members: int, seconds: float
) -> float:
    """Train for some seconds; return the images of all steps over the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            task_id="fit",
            architecture=one,
            store=str(store.path),
            rows="dev",
            epochs=10_000,
            schedule_epochs=10_000,
            seed=SEED,
            train_s=seconds,
            model_file=str(Path(folder) / "fit.keras"),
        )
        outcome = run_on_team(
            pool,
            task,
            members=members,
            every_steps=25,
            journal=Path(folder) / "fits.jsonl",
            fingerprint=store.fingerprint,
            max_attempts=1,
            deadline=None,
        )
    assert outcome.status == "completed", outcome.reason
    whole = outcome.history[1:-1]  # neither the one that compiles nor the one cut
    rows = len(store.rows("dev"))
    return rows * len(whole) / sum(epoch.seconds_train for epoch in whole)


def measure(*, rounds: int, seconds: float, n_images: int) -> list[dict[str, object]]:
    """Measure teams and threads in turns."""
    cores = len(cpu_numbers())
    rng = np.random.default_rng(SEED)
    pixels = rng.integers(0, 256, (n_images, 32, 32, 3), np.uint8)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        store, _ = prepare_images(
            (pixels, np.arange(n_images) % 10),
            DataPreparationOptions(near_duplicates=False),
            seed=SEED,
            workspace=Path(folder),
        )
        log = Path(folder) / "workers.log"
        for _ in range(rounds):
            for name, widths in WIDTHS.items():
                for members, threads in ((cores, 1), (1, cores)):
                    pool = LocalPool(workers=members, threads=threads, log=log)
                    speed = images_per_second(
                        store, network(widths), pool, members, seconds
                    )
                    pool.close()
                    rows.append(
                        {
                            "network": name,
                            "members": members,
                            "threads": threads,
                            "images_per_second": round(speed, 1),
                        }
                    )
                    print(rows[-1], flush=True)
    return rows


def main() -> int:
    """Measure, write the result, print the figure."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    began = time.monotonic()
    rounds, seconds, n_images = (1, 5.0, 400) if quick else (5, 30.0, 4000)
    rows = measure(rounds=rounds, seconds=seconds, n_images=n_images)
    ratios = {}
    print("| network | team | threads | ratio |\n|---|---:|---:|---:|")
    for name in WIDTHS:
        speeds = {
            alone: median(
                float(str(row["images_per_second"]))
                for row in rows
                if row["network"] == name and (row["members"] == 1) == alone
            )
            for alone in (False, True)
        }
        ratios[name] = speeds[False] / speeds[True]
        team, threads = speeds[False], speeds[True]
        print(f"| {name} | {team:.0f} | {threads:.0f} | {ratios[name]:.2f} |")
    figure = min(ratios.values())
    passed = figure >= BAR
    if not quick:
        record = {
            "rounds": rounds,
            "rows": rows,
            "ratios": ratios,
            "passed": passed,
            "seconds": round(time.monotonic() - began, 1),
        }
        write_result(RESULTS, record, seeds=[SEED])
    return conclude(
        f"a team makes {figure:.2f} times the images of threads (bar {BAR:.2f})",
        passed=passed,
    )


if __name__ == "__main__":
    sys.exit(main())
