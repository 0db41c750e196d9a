"""How the wall seconds of a whole job are divided between its stages.

What decides is how many full trainings of candidate 0 the budget affords on this
machine: where it affords few, a short race between proven networks picks one and nearly
all seconds train it; where it affords many, they are spent on searching.
docs/concepts/budget.md has the table; benchmarks/payoff.py measures what it buys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kedro_nas.records.budget import BudgetPlan, PlanKind
from kedro_nas.records.search import Finalist

StageBudget = float | Literal["auto"] | None

# a full training of candidate 0: accuracy gains less than its own noise beyond it
FULL_STEPS, MIN_FULL_EPOCHS, MAX_FULL_EPOCHS = 7_500, 15, 150
# In starts of a worker. Before the search the job's own process imports TensorFlow:
# 1.5 to 2 of them. At the finish the proof starts two processes, one after another; the
# rest is writing, the test and the report: together 21 s beside a start of 3.7 s, and
# 22 s beside one of 2.9 s. With 4 starts for the finish, three jobs of 300 s took 304
# to 309 s, Kedro's own start included, and three 314 to 323, as the machine became
# slower (benchmarks/results/payoff.json): one start more is kept free.
IMPORT_STARTS = 1.5
FINISH_STARTS, FINISH_S = 5.0, 6.0


@dataclass(frozen=True)
class Shares:
    """The division of the seconds between the data preparation and the finish.

    Attributes:
        below: Full trainings up to which it holds.
        kind: How candidates are found.
        search: Share of the search.
        ranking: Share of the cross-validation; the final training gets the rest.
    """

    below: float
    kind: PlanKind
    search: float
    ranking: float


# With 20 full trainings and equally long final trainings a search of 37 networks gave
# 0.753 and a race of three 0.759 on the test rows of the CIFAR-10 sample (one seed,
# standard error 0.01), and a race needs half of the seconds.
# A cross-validation of two finalists and the baseline over two folds, at half the final
# epochs and on 0.8 of the images, takes twice the seconds of the final training.
# Only where a sixth of the budget is some 25 full trainings does it leave enough of
# them; below, the ranking only trains the baseline as long as the finalists were.
SHARES = (
    Shares(40, "race", 0.15, 0.0),
    Shares(150, "search", 0.32, 0.06),
    Shares(float("inf"), "search", 0.42, 0.42),
)


@dataclass(frozen=True)
class MachineSpeed:
    """What was measured of the machine before the first trial.

    Attributes:
        start_s: Seconds a worker takes to import TensorFlow.
        epoch_s: Seconds of an epoch of candidate 0 on the training rows, on one
            worker while all workers train.
        steps_per_epoch: Gradient steps of such an epoch.
        workers: Training processes.
        cost_exponent: Of the multiply-adds in the seconds of a step, from candidate 0
            and a wider network; 1 where only candidate 0 was timed.
    """

    start_s: float
    epoch_s: float
    steps_per_epoch: int
    workers: int
    cost_exponent: float = 1.0

    @property
    def full_epochs(self) -> int:
        """Epochs of a full training of candidate 0."""
        return full_epochs(self.steps_per_epoch)

    def epoch_s_of(self, times_macs: float) -> float:
        """Return the seconds of an epoch of a network of so many times the MACs.

        >>> speed = MachineSpeed(2.0, 3.0, 250, 2, cost_exponent=0.5)
        >>> speed.epoch_s_of(4)
        6.0
        """
        return float(self.epoch_s * times_macs**self.cost_exponent)

    def times_macs_for(self, epoch_s: float) -> float:
        """Return how many times the MACs of candidate 0 take these seconds an epoch.

        >>> MachineSpeed(2.0, 3.0, 250, 2, cost_exponent=0.5).times_macs_for(6)
        4.0
        """
        return float((epoch_s / self.epoch_s) ** (1 / self.cost_exponent))

    @property
    def full_training_s(self) -> float:
        """Wall seconds of a full training of candidate 0 on all workers."""
        return self.full_epochs * self.epoch_s / self.workers

    @property
    def import_s(self) -> float:
        """Wall seconds in which the job's own process imports TensorFlow."""
        return IMPORT_STARTS * self.start_s

    @property
    def finish_s(self) -> float:
        """Wall seconds of export, proof, test and report."""
        return FINISH_STARTS * self.start_s + FINISH_S


def full_epochs(steps_per_epoch: int) -> int:
    """Return the epochs of a full training.

    >>> full_epochs(250), full_epochs(36), full_epochs(1500)
    (30, 150, 15)
    """
    wanted = -(-FULL_STEPS // max(1, steps_per_epoch))
    return min(MAX_FULL_EPOCHS, max(MIN_FULL_EPOCHS, wanted))


def divide_budget(
    budget_s: float | None,
    spent_s: float,
    speed: MachineSpeed | None,
    *,
    search_s: StageBudget,
    kind: PlanKind | Literal["auto"] = "auto",
) -> BudgetPlan:
    """Divide the seconds of a job.

    Args:
        budget_s: Wall seconds of the whole job; None for no limit.
        spent_s: By the stages before the search.
        speed: Of this machine; None where nothing depends on time.
        search_s: `search.budget_s`; a number replaces the search's share.
        kind: `search.plan`.

    Returns:
        The plan.

    >>> speed = MachineSpeed(start_s=4, epoch_s=4, steps_per_epoch=250, workers=2)
    >>> plan = divide_budget(300, 14, speed, search_s="auto")
    >>> plan.kind, round(plan.full_trainings, 1), plan.ranking_s, plan.final_s
    ('race', 4.2, 0.0, 215.9)
    """
    given = None if search_s == "auto" else search_s
    epochs = speed.full_epochs if speed else MIN_FULL_EPOCHS
    if budget_s is None or speed is None:
        wanted: PlanKind = "search" if kind == "auto" else kind
        return BudgetPlan(kind=wanted, full_epochs=epochs, search_s=given)
    left_s = max(1.0, budget_s - spent_s - speed.import_s - speed.finish_s)
    trainings = left_s / speed.full_training_s
    row = next(row for row in SHARES if trainings < row.below)
    searching = left_s * row.search if given is None else min(given, left_s)
    ranking = min(left_s * row.ranking, left_s - searching)
    chosen = row.kind if kind == "auto" else kind
    return BudgetPlan(
        kind=chosen,
        full_trainings=trainings,
        full_epochs=epochs,
        search_s=searching,
        ranking_s=ranking,
        final_s=left_s - searching - ranking,
        import_s=speed.import_s,
        finish_s=speed.finish_s,
        reasons=(_reason(trainings, speed, row, kind),),
    )


def _reason(trainings: float, speed: MachineSpeed, row: Shares, asked: str) -> str:
    what = (
        "a race between proven networks, and the rest for the final training"
        if row.kind == "race"
        else "a search"
    )
    said = (
        f"The budget affords {trainings:.1f} full trainings of candidate 0 "
        f"({speed.full_epochs} epochs, {speed.full_training_s:.0f} s on "
        f"{speed.workers} workers)"
    )
    if asked == "auto":
        return f"{said}: {what}."
    return f"{said}; the plan, given or begun before, is a {asked}."


def estimate_epoch_s(one: Finalist, others: Sequence[Finalist]) -> float:
    """Estimate an epoch's seconds, by MACs where the search did not measure it.

    By the quickest MACs that were measured: what is not measured is the baseline, and
    its plain 3x3 convolutions are as fast as MACs get.

    Args:
        one: A finalist.
        others: All; those that were measured give the seconds per MAC.

    Returns:
        Seconds of an epoch over the training rows on one worker; 0 where nothing was
        measured.
    """
    if one.seconds_per_epoch:
        return one.seconds_per_epoch
    per_mac = [
        other.seconds_per_epoch / other.macs
        for other in others
        if other.seconds_per_epoch
    ]
    return min(per_mac) * one.macs if per_mac else 0.0
