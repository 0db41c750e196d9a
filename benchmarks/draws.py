"""What structure random draws have, beside evenly drawn choices.

    python benchmarks/draws.py            # 2,000 draws each, two minutes
    python benchmarks/draws.py --quick    # 200 draws each, 20 s

Draws networks from the presets `cpu` and `default` for three sizes of image, two ways:
each choice evenly (`draw_values`, as searches did before) and towards a drawn budget
with a plan of maps and a law of widths (`SearchSpace.draw`). Both are repaired where
they exceed a bound. Nothing is trained.

The figures are the worst shares of the planned draws over all spaces: networks whose
receptive field is smaller than the image, and draws that had to be repaired. Ends with
status 1 where a field is too small in more than 6 %, more than 10 % are repaired, more
than 1 % have a stage narrower than the one before, a median last width is below that of
the even draws, or a draw takes more than 5 ms. Writes benchmarks/results/draws.json.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.choices import Values
from kedro_nas.space.costs import costs
from kedro_nas.space.receptive_field import receptive_field
from kedro_nas.space.sampling import draw_values, repair_values
from kedro_nas.space.search_space import SearchSpace, build_search_space

RESULTS = Path(__file__).parent / "results" / "draws.json"
SEED = 0
SHAPES = ((28, 28, 1), (32, 32, 3), (96, 96, 3))
PRESETS = ("cpu", "default")
SMALL_FIELDS, REPAIRED, SHRINKING, MS = 0.06, 0.10, 0.01, 5.0
COLUMNS = {
    "last_width": "last width",
    "small_field": "small field",
    "repaired": "repaired",
    "shrinking": "shrinking",
    "macs_over_bound": "MACs/bound",
    "ms": "ms a draw",
}
Draw = Callable[[np.random.Generator], Values]


def measure(space: SearchSpace, draw: Draw, n_draws: int) -> dict[str, float]:
    """Draw and repair as a search does, and describe what comes out."""
    rng = generator(SEED, "draws")
    found: list[Architecture] = []
    repaired = 0
    started = time.perf_counter()
    while len(found) < n_draws:
        values = draw(rng)
        fitting = repair_values(space.choices, values, rng, space.excess)
        if fitting is not None:
            found.append(space.decode(fitting))
        repaired += fitting != values
    seconds = time.perf_counter() - started
    widths = [[stage.width for stage in one.stages] for one in found]
    side = max(space.input_shape[:2])
    assert space.bounds.max_macs is not None
    return {
        "last_width": float(np.median([row[-1] for row in widths])),
        "small_field": float(np.mean([receptive_field(one) < side for one in found])),
        "repaired": repaired / n_draws,
        "shrinking": float(
            np.mean([any(a > b for a, b in pairwise(row)) for row in widths])
        ),
        "macs_over_bound": float(np.median([costs(one).macs for one in found]))
        / space.bounds.max_macs,
        "ms": 1000 * seconds / n_draws,
    }


def compare(n_draws: int) -> list[dict[str, Any]]:
    """Measure both ways of drawing in each space, and print a row each."""
    rows: list[dict[str, Any]] = []
    print(f"{'preset':<8} {'images':<9} {'draws':<8}" + _cells(COLUMNS.values()))
    for preset in PRESETS:
        for shape in SHAPES:
            space = build_search_space(
                SearchSpaceOptions(preset=preset),
                DataFacts(shape, 10, 8_000),
                seed=SEED,
            )

            def evenly(
                rng: np.random.Generator, space: SearchSpace = space
            ) -> dict[str, int | float | str | bool]:
                return draw_values(space.choices, rng)

            for name, draw in (("even", evenly), ("planned", space.draw)):
                figures = measure(space, draw, n_draws)
                rows.append(
                    {"preset": preset, "shape": shape, "draws": name, **figures}
                )
                shares = ("small_field", "repaired", "shrinking")
                cells = [
                    f"{value:.1%}" if key in shares else f"{value:.3g}"
                    for key, value in figures.items()
                ]
                side = "x".join(map(str, shape))
                print(f"{preset:<8} {side:<9} {name:<8}" + _cells(cells))
    return rows


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:>13}" for text in texts)


def main() -> int:
    """Compare, write, and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    n_draws = 200 if quick else 2_000
    rows = compare(n_draws)
    even = [row for row in rows if row["draws"] == "even"]
    planned = [row for row in rows if row["draws"] == "planned"]
    worst = {key: max(row[key] for row in planned) for key in COLUMNS}
    wider = all(
        new["last_width"] >= old["last_width"]
        for old, new in zip(even, planned, strict=True)
    )
    if not quick:
        record = {
            "n_draws": n_draws,
            "rows": rows,
        }
        write_result(RESULTS, record, seeds=[SEED])
    passed = (
        worst["small_field"] <= SMALL_FIELDS
        and worst["repaired"] <= REPAIRED
        and worst["shrinking"] <= SHRINKING
        and worst["ms"] <= MS
        and wider
    )
    return conclude(
        f"draws: at worst {worst['small_field']:.1%} see less than the image (bar "
        f"{SMALL_FIELDS:.0%}), {worst['repaired']:.1%} repaired (bar {REPAIRED:.0%}), "
        f"{worst['shrinking']:.1%} shrinking (bar {SHRINKING:.0%}), "
        f"{worst['ms']:.1f} ms (bar {MS:.0f}), "
        + ("as wide as even draws or wider" if wider else "narrower than even draws"),
        passed=passed,
    )


if __name__ == "__main__":
    sys.exit(main())
