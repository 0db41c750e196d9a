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

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau
from typing_extensions import Self

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.proposers.evolution import EvolutionProposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.portfolio_surrogate import PortfolioSurrogateProposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import Bounds

TABLE = Path(__file__).parent / "data" / "nas_bench_macro.parquet"
RESULTS = Path(__file__).parent / "results" / "sampler_regret.json"
STAGES = ((0, 2), (2, 5), (5, 8))  # choices of a stage; an identity may be anywhere
N_CHOICES, N_VALUES = 8, 3
CAPPED = Bounds(max_params=1_000_000)
# points of accuracy per standard deviation of the logarithm of the multiply-adds
PENALTIES = {"size does not matter": 1.5, "smaller is better": 2.5}
LAG = 8
DEFAULT = "portfolio_surrogate"
BARS = {("table", 20): 0.15, ("table", 50): 0.08, ("1 M parameters", 20): 0.06}
KERASTUNER_SEEDS = 3  # it takes two to three seconds for a proposal
TABLE_ONLY = ("8 places behind", "Optuna", "KerasTuner")  # not in the other worlds

Code = str


class World:
    """The table, possibly with a penalty on multiply-adds.

    Args:
        table: Columns `code`, `accuracy_1` to `accuracy_3`, `params`, `macs`.
        penalty: Points per standard deviation of the logarithm of the multiply-adds.
    """

    def __init__(self, table: pd.DataFrame, penalty: float = 0.0) -> None:
        log_macs = np.log(table["macs"].to_numpy(float))
        size = (log_macs - log_macs.mean()) / log_macs.std()
        runs = table[[f"accuracy_{run}" for run in (1, 2, 3)]].to_numpy(float)
        self.runs = runs - penalty / 100 * size[:, None]
        self.mean = self.runs.mean(axis=1)
        self.row = {code: row for row, code in enumerate(table["code"])}
        self.codes: list[Code] = list(table["code"])
        self.macs = table["macs"].to_numpy()
        self.params = table["params"].to_numpy()
        self.described = {
            code: describe_code(code, macs, params)
            for code, macs, params in zip(
                self.codes, log_macs, np.log(self.params), strict=True
            )
        }


class TableSpace:
    """The networks of a world within limits, as proposers see them.

    Args:
        world: The table.
        limits: Largest parameters and multiply-adds.
    """

    starts: Sequence[Code] = ()

    def __init__(self, world: World, limits: Bounds) -> None:
        self._world, self._limits = world, limits
        fits = np.ones(len(world.codes), dtype=bool)
        if limits.max_params is not None:
            fits &= world.params <= limits.max_params
        if limits.max_macs is not None:
            fits &= world.macs <= limits.max_macs
        self.rows = np.flatnonzero(fits)
        self._fitting = {world.codes[row] for row in self.rows}

    def within(self, limits: Bounds) -> Self:
        """Return the part of the table within limits."""
        if limits == self._limits:
            return self
        return type(self)(self._world, limits)

    def key(self, candidate: Code) -> str:
        """Return the code with identities at the end of each stage."""
        return canonical(candidate)

    def describe(self, candidate: Code) -> Description:
        """Return blocks and costs of a network as numbers."""
        return self._world.described[candidate]

    def sample(self, rng: np.random.Generator) -> Code:
        """Draw a network within the limits."""
        return self._world.codes[self.rows[int(rng.integers(len(self.rows)))]]

    def mutate(
        self, candidate: Code, n_changes: int, rng: np.random.Generator
    ) -> Code | None:
        """Change so many blocks; None where the result exceeds the limits."""
        values = list(candidate)
        shares = rng.random(2 * n_changes).tolist()
        places = list(range(N_CHOICES))
        for share, step in zip(shares[::2], shares[1::2], strict=True):
            place = places.pop(int(share * len(places)))
            change = 1 + int(step * (N_VALUES - 1))
            values[place] = str((int(values[place]) + change) % N_VALUES)
        mutant = "".join(values)
        return mutant if mutant in self._fitting else None

    def list_all(self) -> None:
        """Return None: there are enough networks for all proposals."""


class Sampler(Protocol):
    """A proposer of the package, or of another one, on the table."""

    def ask(self) -> Code:
        """Return the next network."""
        ...

    def tell(self, code: Code, score: float | None) -> None:
        """Tell its score, None where it exceeds the limits and was not trained."""
        ...


class OurSampler:
    """A proposer of the package, told of scores `lag` proposals later.

    Args:
        proposer: The class.
        world: The table.
        limits: Passed to the proposer with each question.
        seed: Root seed.
        lag: 1 for a search with one worker.
    """

    def __init__(
        self, proposer: Any, world: World, limits: Bounds, seed: int, *, lag: int = 1
    ) -> None:
        self._limits, self._lag = limits, lag
        self._proposer = proposer(TableSpace(world, limits), seed)
        self._untold: list[ProposalOutcome[Code]] = []

    def ask(self) -> Code:
        """Return the next network."""
        while len(self._untold) >= self._lag:
            self._proposer.tell(self._untold.pop(0))
        code: Code | None = self._proposer.ask(self._limits)
        assert code is not None
        return code

    def tell(self, code: Code, score: float | None) -> None:
        """Keep a score until it may be seen."""
        self._untold.append(ProposalOutcome(code, score))


class OptunaTpe:
    """TPE of Optuna with its defaults; a network over a limit is pruned.

    Args:
        seed: Of the sampler.
    """

    def __init__(self, world: World, limits: Bounds, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
        )

    def ask(self) -> Code:
        """Return the next network."""
        self._trial = self._study.ask()
        return "".join(
            str(self._trial.suggest_categorical(f"block_{place}", [0, 1, 2]))
            for place in range(N_CHOICES)
        )

    def tell(self, code: Code, score: float | None) -> None:
        """Tell a score."""
        if score is None:
            state = self._optuna.trial.TrialState.PRUNED
            self._study.tell(self._trial, state=state)
        else:
            self._study.tell(self._trial, score)


class KerasTunerBayesian:
    """The Bayesian oracle of KerasTuner with its defaults.

    Args:
        seed: Of the oracle.
    """

    def __init__(self, world: World, limits: Bounds, seed: int) -> None:
        import tempfile
        import warnings

        import keras_tuner

        warnings.filterwarnings("ignore")
        space = keras_tuner.HyperParameters()
        for place in range(N_CHOICES):
            space.Choice(f"block_{place}", [0, 1, 2], ordered=False)
        self._oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            objective=keras_tuner.Objective("score", "max"),
            max_trials=10_000,
            seed=seed + 1,
            hyperparameters=space,
        )
        self._folder = tempfile.TemporaryDirectory()
        self._oracle._set_project_dir(self._folder.name, "table")  # noqa: SLF001
        self._oracle.verbose = 0

    def ask(self) -> Code:
        """Return the next network."""
        self._trial = self._oracle.create_trial("worker")
        chosen = self._trial.hyperparameters
        return "".join(str(chosen.get(f"block_{i}")) for i in range(N_CHOICES))

    def tell(self, code: Code, score: float | None) -> None:
        """Tell a score."""
        self._oracle.update_trial(self._trial.trial_id, {"score": score or 0.0})
        self._trial.status = "COMPLETED"
        self._oracle.end_trial(self._trial)


def describe_code(code: Code, log_macs: float, log_params: float) -> Description:
    """Return blocks and costs of a network as numbers."""
    blocks = canonical(code)
    return Description(
        codes=tuple(int(value) for value in blocks),
        positions=(),
        costs=(log_macs, log_params, float(N_CHOICES - blocks.count("0"))),
    )


@cache
def canonical(code: Code) -> Code:
    """Return the code of the same network with identities last in each stage.

    The first choice of a stage halves the map and stays where it is.

    >>> canonical("02012100")
    '02021100'
    """
    stages = [code[low:high] for low, high in STAGES]
    return "".join(
        one[0] + one[1:].replace("0", "").ljust(len(one) - 1, "0") for one in stages
    )


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


Contestant = Callable[[World, Bounds, int], Sampler]


def contestants() -> dict[str, tuple[Contestant, str | None]]:
    """Return the samplers by name, each with the package it needs beside ours."""

    def ours(proposer: Any, lag: int = 1) -> Contestant:
        return lambda world, limits, seed: OurSampler(
            proposer, world, limits, seed, lag=lag
        )

    return {
        DEFAULT: (ours(PortfolioSurrogateProposer), None),
        f"{DEFAULT}, {LAG} places behind": (
            ours(PortfolioSurrogateProposer, LAG),
            None,
        ),
        "evolution": (ours(EvolutionProposer), None),
        "random": (ours(RandomProposer), None),
        "Optuna TPE": (OptunaTpe, "optuna"),
        "KerasTuner Bayesian": (KerasTunerBayesian, "keras_tuner"),
    }


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 seeds, ours only")
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
    print(f"regret of {DEFAULT} after 20 evaluations: {ours[20]:.3f} points")
    return int(bool(missed))


def write(rows: Sequence[dict[str, Any]], seeds: int) -> None:
    """Write the results with date, machine and versions."""
    packages = ("numpy", "scipy", "optuna", "keras_tuner")
    report = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {
            "python": platform.python_version(),
            **{name: installed(name) for name in packages},
        },
        "seeds": seeds,
        "bars": [[world, count, bar] for (world, count), bar in BARS.items()],
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
