"""A machine of made-up speed, and what a search on it trains."""

from __future__ import annotations

from typing import Any

from kedro_nas.accounting.budget_plan import MachineSpeed, divide_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.budget import BudgetPlan
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.step_speed import MeasuredSpace
from kedro_nas.search.trial_plan import TrialPlan, plan_trials
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN

# 60 s for a full training of candidate 0
SPEED = MachineSpeed(start_s=4.0, epoch_s=4.0, steps_per_epoch=250, workers=2)


def divided(budget_s: float | None, kind: Any = "auto") -> BudgetPlan:
    """Divide the seconds of a job on that machine."""
    return divide_budget(budget_s, 0.0, SPEED, search_s="auto", kind=kind)


def make_plan(
    store: ImageStore,
    space: SearchSpace,
    ledger: Ledger,
    division: BudgetPlan,
    *,
    speed: MachineSpeed = SPEED,
    **options: Any,
) -> TrialPlan:
    """Plan trials with seed 0; `options` are those of the search."""
    chosen = SearchOptions(**options)
    if chosen.plan != "auto":
        division = division.model_copy(update={"kind": chosen.plan})
    return plan_trials(
        store,
        MeasuredSpace(space, PLAIN, speed),
        division,
        chosen,
        baseline=make_baseline("auto", store),
        mode="normal",
        ledger=ledger,
        seed=0,
    )


def racers(trials: TrialPlan) -> list[Architecture]:
    """List the networks of a race by asking for all of them."""
    found = []
    while (one := trials.schedule.create("w").architecture) is not None:
        found.append(one)
    return found
