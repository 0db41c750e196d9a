"""How fast proposers find good networks in a table of 6,561 trained ones.

NAS-Bench-Macro: eight choices of three blocks, each network trained three times on
CIFAR-10. A proposer sees one training of a network; its regret is how many points the
network with the best score seen is below the best network, both by the mean of three
trainings. Below some 0.08 points differences are the noise of the choice.

Worlds: the table as it is; with a limit of one million parameters; and with a penalty
on multiply-adds, so that larger networks are no better, or worse. The proposers are
those of the package. `8 places behind` sees a score only after eight further proposals,
as in a search with eight workers. Optuna's TPE and KerasTuner's Bayesian oracle are
compared where they are installed.

    python benchmarks/sampler_regret.py [--quick] [--seeds 200] [--table FILE]

The full run writes benchmarks/results/sampler_regret.json. Ends with status 1 when the
default proposer misses a bar.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices are small

import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measurement.conclusion import conclude, new_parser, write_result
from numpy.typing import NDArray
from sampler_tables.samplers import DEFAULT, Sampler, contestants
from sampler_tables.trained_table import TableSpace, World, canonical
from scipy.stats import kendalltau

from kedro_nas.seeds import generator
from kedro_nas.space.bounds import Bounds

TABLE = Path(__file__).parent / "data" / "nas_bench_macro.parquet"
RESULTS = Path(__file__).parent / "results" / "sampler_regret.json"
CAPPED = Bounds(max_params=1_000_000)
# points of accuracy per standard deviation of the logarithm of the multiply-adds
PENALTIES = {"size does not matter": 1.5, "smaller is better": 2.5}
BARS = {("table", 20): 0.15, ("table", 50): 0.08, ("1 M parameters", 20): 0.06}
KERASTUNER_SEEDS = 3  # it takes two to three seconds for a proposal
TABLE_ONLY = ("8 places behind", "Optuna", "KerasTuner")  # not in the other worlds


def run_search(
    sampler: Sampler, world: World, limits: Bounds, seed: int, counts: Sequence[int]
) -> tuple[list[float], int]:
    """Return the regret after some numbers of evaluations, and the repeats.

    Args:
        sampler: Proposes networks.
        world: The table.
        limits: Networks over them are not trained, but the evaluation is spent.
        seed: Decides which training of a network is seen.
        counts: Numbers of evaluations, ascending.
    """
    feasible = TableSpace(world, limits).rows
    fits = set(feasible.tolist())
    best = world.mean[feasible].max()
    order = generator(seed, "runs").permuted(
        np.tile(np.arange(3), (len(world.mean), 1)), axis=1
    )
    seen: dict[str, int] = {}
    incumbent, incumbent_score, regrets = None, -np.inf, []
    for number in range(1, counts[-1] + 1):
        code = sampler.ask()
        row = world.row[code]
        times = seen.get(canonical(code), 0)
        seen[canonical(code)] = times + 1
        score = None
        if row in fits:
            score = float(world.runs[row, order[row, times % 3]])
            if score > incumbent_score:
                incumbent, incumbent_score = row, score
        sampler.tell(code, score)
        if number in counts:
            reached = 0.1 if incumbent is None else world.mean[incumbent]
            regrets.append(100 * float(best - reached))
    return regrets, counts[-1] - len(seen)


def compare(
    worlds: dict[str, tuple[World, Bounds]],
    names: Sequence[str],
    *,
    seeds: int,
    counts: Sequence[int],
) -> Iterator[dict[str, Any]]:
    """Run all searches and yield a row per world and sampler.

    Args:
        worlds: Tables and limits by title.
        names: Of samplers.
        seeds: Searches of each.
        counts: Numbers of evaluations; the worlds but `table` stop at 20.
    """
    for name in names:
        for title, (world, limits) in worlds.items():
            if title != "table" and any(word in name for word in TABLE_ONLY):
                continue
            until = [one for one in counts if title == "table" or one <= 20]
            n_seeds = min(seeds, KERASTUNER_SEEDS) if "KerasTuner" in name else seeds
            make = contestants()[name][0]
            began = time.process_time()
            runs = [
                run_search(make(world, limits, seed), world, limits, seed, until)
                for seed in range(n_seeds)
            ]
            spent_s = time.process_time() - began
            regrets = np.array([regret for regret, _ in runs])
            yield {
                "world": title,
                "proposer": name,
                "seeds": n_seeds,
                "regret": dict(zip(until, regrets.mean(0).round(4), strict=True)),
                "standard_error": standard_errors(regrets, until),
                "repeats": float(np.mean([repeats for _, repeats in runs])),
                "ms_per_proposal": round(1e3 * spent_s / n_seeds / until[-1], 2),
            }


def standard_errors(
    regrets: NDArray[np.float64], counts: Sequence[int]
) -> dict[int, float]:
    """Return the standard error of the mean regret by number of evaluations."""
    errors = regrets.std(axis=0) / np.sqrt(max(1, len(regrets) - 1))
    return dict(zip(counts, errors.round(4), strict=True))


def print_row(row: dict[str, Any]) -> None:
    """Print a row as soon as it is known."""
    regrets = "  ".join(
        f"@{count}: {value:.3f} ± {row['standard_error'][count]:.3f}"
        for count, value in row["regret"].items()
    )
    print(
        f"{row['world']:22s} {row['proposer']:37s} {regrets}  "
        f"n={row['seeds']}, repeats {row['repeats']:.1f}, "
        f"{row['ms_per_proposal']:.1f} ms",
        flush=True,
    )


def missed_bars(rows: Sequence[dict[str, Any]], *, quick: bool) -> list[str]:
    """Describe the bars that the default proposer misses.

    Args:
        rows: Of `compare`.
        quick: Whether there are so few seeds that two standard errors are allowed.
    """
    ours = {row["world"]: row for row in rows if row["proposer"] == DEFAULT}
    missed = []
    for (world, count), bar in BARS.items():
        regret = ours[world]["regret"].get(count, 0.0)
        allowed = bar + 2 * quick * ours[world]["standard_error"].get(count, 0.0)
        if regret > allowed:
            missed.append(f"{world} @{count}: {regret:.3f} > {allowed:.3f}")
    return missed


def installed(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(package.replace("_", "-"))
    except PackageNotFoundError:
        return None


def main() -> int:
    """Compare proposers; return 1 when a bar is missed."""
    parser = new_parser(__doc__, quick="20 seeds, ours only; writes no result")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--only", nargs="+", help="names of proposers")
    given = parser.parse_args()
    table = pd.read_parquet(given.table)
    plain = World(table)
    worlds = {"table": (plain, Bounds()), "1 M parameters": (plain, CAPPED)}
    if not given.quick:
        worlds |= {
            title: (World(table, penalty), Bounds())
            for title, penalty in PENALTIES.items()
        }
    names = []
    for name, (_, package) in contestants().items():
        if given.only and name not in given.only:
            continue
        if package and (given.quick or installed(package) is None):
            if not given.quick:
                print(f"{name} is left out: {package} is not installed")
            continue
        names.append(name)
    for title, (world, _) in worlds.items():
        tau = kendalltau(world.macs, world.mean)[0]
        print(f"{title}: Kendall's tau of multiply-adds and accuracy {tau:+.2f}")
    counts = (10, 20) if given.quick else (10, 20, 50)
    seeds = min(given.seeds, 20) if given.quick else given.seeds
    rows = []
    for row in compare(worlds, names, seeds=seeds, counts=counts):
        print_row(row)
        rows.append(row)
        if not given.quick and not given.only:
            write(rows, seeds)
    missed = missed_bars(rows, quick=given.quick)
    for line in missed:
        print(f"missed: {line}")
    ours = next(row for row in rows if row["proposer"] == DEFAULT)["regret"]
    line = f"regret of {DEFAULT} after 20 evaluations: {ours[20]:.3f} points"
    return conclude(line, passed=not missed)


def write(rows: Sequence[dict[str, Any]], seeds: int) -> None:
    """Write the rows with their bars."""
    report = {
        "bars": [[world, count, bar] for (world, count), bar in BARS.items()],
        "rows": rows,
    }
    write_result(RESULTS, report, seeds=range(seeds), packages=("scipy", "optuna"))


if __name__ == "__main__":
    sys.exit(main())
