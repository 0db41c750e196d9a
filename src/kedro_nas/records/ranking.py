"""The chosen network, and the certainty of the choice."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from kedro_nas.records.base import Network, Part, Record, Strings
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.latency import LatencyCheck
from kedro_nas.records.search import Execution

Rule = Literal[
    "one_standard_error",
    "best_mean",
    "best_under_latency",
    "proven_network",
    "by_hand",
]


class CrossValidationSummary(Part):
    """The extent of the comparison.

    Attributes:
        scored_on: `folds`, each trained from new weights, or the `validation` images
            of the search, with the weights of the search.
        finalists: Networks of the search.
        folds: Folds trained of each repeat.
        repeats: Repeats of the folds.
        epochs: Epochs of each fold.
        reasons: A sentence for each reduction that kept it within its budget.
    """

    scored_on: Literal["folds", "validation"] = "folds"
    finalists: int
    folds: int
    repeats: int
    epochs: int
    reasons: Strings = ()


class BaselineComparison(Part):
    """The chosen network against the baseline, over the same folds.

    Attributes:
        difference: Mean score of the chosen minus that of the baseline, or None.
        ci_low: Lower end of its 95 % interval.
        ci_high: Upper end.
        p_value: Two-sided, of the corrected t-test.
        sentence: The result in words.
        beats_baseline: Whether the whole interval lies above 0.
    """

    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    sentence: str
    beats_baseline: bool


class NamedNetwork(Part):
    """A network by name, key and architecture.

    Attributes:
        name: The network in a line.
        key: Hash of network and recipe.
        architecture: Network and recipe.
    """

    name: str
    key: str
    architecture: Network


class Choice(Record):
    """The network that was chosen.

    Attributes:
        name: The network in a line.
        key: Hash of network and recipe.
        architecture: Network and recipe.
        is_baseline: Whether it is the hand-built network.
        rule: That of `nas.ranking.rule`; or `proven_network`: the best proven network
            unless another beats it by two standard errors of their difference; or
            `by_hand`: named by a person, for `kedro nas export`.
        objective: Score by which contestants were ranked.
        recall_floors: Smallest recall wanted, by class name.
        sentence: The choice in words, with its lead and p-value.
        cv_mean: Mean score over its folds.
        cv_std: Standard deviation of the folds, None for one fold.
        cv_se: Corrected standard error of the mean.
        ci_low: Lower end of the 95 % interval of the mean.
        ci_high: Upper end.
        against_baseline: Comparison with the baseline, None without one.
        baseline: The baseline, or None.
        full_epochs: Epochs of a full training in the search.
        final_epochs: Epochs that the final training is expected to have, None where
            that is not known.
        execution: How gradient steps are run, None when it was not measured.
        plan: The extent of the comparison.
        latency: Contestants against the bound of latency; None without one.
        seconds: Wall seconds of the ranking.
        budget: Of the job, the ranking's seconds included.
    """

    dataset: ClassVar[str] = "best_architecture"
    stage: ClassVar[str] = "ranking"

    name: str
    key: str
    architecture: Network
    is_baseline: bool
    rule: Rule
    objective: str
    sentence: str
    recall_floors: dict[str, float] = Field(default_factory=dict)
    cv_mean: float | None = None
    cv_std: float | None = None
    cv_se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    against_baseline: BaselineComparison | None = None
    baseline: NamedNetwork | None = None
    full_epochs: int
    final_epochs: float | None = None
    execution: Execution | None = None
    plan: CrossValidationSummary
    latency: LatencyCheck | None = None
    seconds: float = 0.0
    budget: JobBudget = JobBudget()
