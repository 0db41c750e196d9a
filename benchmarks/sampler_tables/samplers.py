"""The samplers that are compared: proposers of the package and of other ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kedro_nas.proposers.evolution import EvolutionProposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.portfolio_surrogate import PortfolioSurrogateProposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.space.bounds import Bounds
from sampler_tables.trained_table import N_CHOICES, Code, TableSpace, World

LAG = 8
DEFAULT = "portfolio_surrogate"


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
