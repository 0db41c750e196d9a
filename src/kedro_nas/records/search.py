"""The results of a search: finalists and summary."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from kedro_nas.environment import Environment
from kedro_nas.records.base import Network, Part, Record
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.latency import LatencyBound
from kedro_nas.space.acceptance import Acceptance


class Finalist(Part):
    """A network that is cross-validated.

    Attributes:
        name: The network in a line.
        key: Hash of network and recipe.
        network_key: Hash of the network alone.
        architecture: Network and recipe.
        score: Score of its last rung, None when the search did not train it.
        epochs: Epochs it was trained for, or None.
        rung_epochs: Epochs of the rung it reached, more than `epochs` if it stopped
            early, or None.
        ancestor_epochs: Epochs of the networks it was grown from, 0 for fresh weights.
        best_epoch: Its last epoch within one standard error of its best; None where it
            was not trained or was grown, as a training from fresh weights takes longer.
        trial_id: Its last trial, or None.
        seconds_per_epoch: Measured on the training rows, or None.
        params: Parameters.
        macs: Multiply-adds per image.
        depth: Layers with a kernel on the longest path.
        latency_ms: Predicted median milliseconds of one image on the device whose
            latency is bounded; None without one, or where it cannot be predicted.
        is_baseline: Whether it is the hand-built network.
        is_proven: Whether it is a proven network, sized to the budget, that others
            have to beat.
        right: Which validation images it classifies correctly after its last epoch, of
            all of them, see `statistics.image_pairs.pack_right`; None if not known.
        resampled: Its objective on resamples of them, see
            `statistics.objectives.pack_scores`; None where a formula gives the standard
            error.
    """

    name: str
    key: str
    network_key: str
    architecture: Network
    score: float | None = None
    epochs: int | None = None
    rung_epochs: int | None = None
    ancestor_epochs: int = 0
    best_epoch: int | None = None
    trial_id: str | None = None
    seconds_per_epoch: float | None = None
    params: int
    macs: int
    depth: int
    latency_ms: float | None = None
    is_baseline: bool = False
    is_proven: bool = False
    right: str | None = None
    resampled: str | None = None


class RankCorrelation(Part):
    """How well the order of one rung predicted that of the next.

    Attributes:
        iteration: Pass over the brackets.
        bracket: Number of the bracket.
        rung: The upper of the two rungs.
        kendall_tau: In [-1, 1]; None where all scores of a rung are equal.
        n: Networks trained in both.
    """

    iteration: int
    bracket: int
    rung: int
    kendall_tau: float | None
    n: int


class Incumbent(Part):
    """An improvement of the best score.

    Attributes:
        seconds: Since the search began.
        epochs: Epochs trained by all candidates until then.
        score: The new best.
        key: Of the architecture that reached it.
    """

    seconds: float
    epochs: int
    score: float
    key: str


class Execution(Part):
    """How gradient steps are run on a device, apart from what they compute.

    Chosen once per search, on a GPU by a measurement, on a CPU by its hardware; ranking
    and final fit use the result, too.

    Attributes:
        jit_compile: Whether XLA compiles a step; never on a CPU, where depthwise
            convolutions become 20 to 40 times slower.
        precision: Of activations and gradients. Weights and updates are float32;
            bfloat16 has their range, so that losses need no scaling.
    """

    jit_compile: bool = False
    precision: Literal["float32", "mixed_bfloat16"] = "float32"


# drop of accuracy: well above the -1 to 1 points on data where flips help, and well
# below the 16 to 67 points on data where they harm
MAX_FLIP_DROP = 0.04


class FlipEffect(Part):
    """Loss of accuracy on flipped images, of a network trained without flips.

    Attributes:
        drop: Accuracy on the images minus accuracy on their flipped copies.
        standard_error: Of the drop; the images are paired.
        n_images: Number of held-out images.
    """

    drop: float = Field(ge=-1, le=1)
    standard_error: float = Field(ge=0)
    n_images: int = Field(ge=1)

    @property
    def allows_flips(self) -> bool:
        """Whether the drop plus one standard error is still small."""
        return self.drop + self.standard_error <= MAX_FLIP_DROP


class SearchSummary(Part):
    """Summary of a search.

    Attributes:
        n_trials: Trials started; a trial is one rung of one architecture.
        n_architectures: Distinct architectures among them.
        n_failed: Trials that failed.
        n_stopped: Trials stopped by the budget.
        epochs_trained: Over all trials.
        seconds: Wall seconds, all sessions.
        seconds_full_training: Training seconds of trials in the last rung.
        seconds_by_kind: Worker seconds by kind, e.g. `train`.
        budget_s: Wall seconds the search was given, None for no limit.
        ended_by: What ended the search; None in a report of one that goes on.
        workers: Training processes.
        max_epochs: Epochs of the last rung.
        patience: Epochs without a better score after which a network stopped; None in
            files of earlier versions.
        acceptance: How many random draws satisfied the bounds of the search space.
        rank_correlation: Rank correlations of successive rungs with at least five
            networks.
        incumbent: Each improvement of the best score.
        sessions: Number of runs; more than one if it was resumed.
        lost_workers: Number of workers lost during a trial.
        seed: The root seed.
        environment: Versions and hardware.
        baseline: Which baseline was built.
        execution: How gradient steps were run.
        flips: Effect of flips on the first network, which was trained without; None if
            it was trained with flips, or not measured.
    """

    n_trials: int
    n_architectures: int
    n_failed: int
    n_stopped: int
    epochs_trained: int
    seconds: float
    seconds_full_training: float
    seconds_by_kind: dict[str, float]
    budget_s: float | None
    ended_by: (
        Literal[
            "schedule", "budget", "space exhausted", "no improvement", "target reached"
        ]
        | None
    )
    workers: int
    max_epochs: int
    patience: int | None = None
    acceptance: Acceptance = Acceptance()
    rank_correlation: tuple[RankCorrelation, ...] = ()
    incumbent: tuple[Incumbent, ...] = ()
    sessions: int = 1
    lost_workers: int = 0
    seed: int
    environment: Environment = Environment()
    baseline: str = "auto"
    execution: Execution = Execution()
    flips: FlipEffect | None = None


class SearchResult(Record):
    """The finalists, best first, the baseline last, and a summary of the search.

    Attributes:
        finalists: Distinct networks; the baseline is the last.
        search: Summary of the search.
        budget: Of the job, the search's seconds included.
        latency: Bound of latency; None without one.
    """

    dataset: ClassVar[str] = "finalists"
    stage: ClassVar[str] = "search"

    finalists: tuple[Finalist, ...]
    search: SearchSummary
    budget: JobBudget = JobBudget()
    latency: LatencyBound | None = None

    @property
    def networks(self) -> tuple[Finalist, ...]:
        """The finalists without the baseline."""
        return tuple(one for one in self.finalists if not one.is_baseline)

    @property
    def baselines(self) -> tuple[Finalist, ...]:
        """The baseline; empty when there is none."""
        return tuple(one for one in self.finalists if one.is_baseline)
