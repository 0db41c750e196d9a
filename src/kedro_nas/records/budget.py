"""The wall seconds of a job: how they are divided, and what is left of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kedro_nas.records.base import Part, Strings

PlanKind = Literal["race", "search"]


class BudgetPlan(Part):
    """How a job's seconds are divided between its stages.

    Attributes:
        kind: `race` between proven networks where the budget affords few full
            trainings, else a `search` of the space.
        full_trainings: Full trainings of candidate 0 that the budget affords on all
            workers, None without a budget.
        full_epochs: Epochs of such a training.
        search_s: Wall seconds of the search; None for no limit, here and below.
        ranking_s: Of the cross-validation; 0 where finalists are compared over the
            validation images of the search instead.
        final_s: Of the final training, at least; it also gets what stages before it
            leave over.
        finish_s: Of export, proof, test and report, as expected on this machine.
        reasons: A sentence for each decision.
    """

    kind: PlanKind = "search"
    full_trainings: float | None = None
    full_epochs: int = Field(30, ge=1)
    search_s: float | None = None
    ranking_s: float | None = None
    final_s: float | None = None
    finish_s: float = 0.0
    reasons: Strings = ()


class JobBudget(Part):
    """What a job may take, what it took, and how the rest is divided.

    It travels from stage to stage; each adds its own seconds.

    Attributes:
        budget_s: Wall seconds of the whole job, all sessions; None for no limit.
        spent_s: Wall seconds by stage, all sessions.
        plan: How the seconds are divided.
    """

    budget_s: float | None = None
    spent_s: dict[str, float] = Field(default_factory=dict)
    plan: BudgetPlan = BudgetPlan()

    def after(self, stage: str, seconds: float) -> JobBudget:
        """Return the budget after a stage that took so many wall seconds."""
        return self.model_copy(update={"spent_s": {**self.spent_s, stage: seconds}})

    @property
    def left_s(self) -> float | None:
        """Seconds left before the finish; None for no limit.

        >>> budget = JobBudget(budget_s=300, plan=BudgetPlan(finish_s=20))
        >>> budget.after("search", 90).left_s
        190.0
        """
        if self.budget_s is None:
            return None
        spent = sum(self.spent_s.values()) + self.plan.finish_s
        return max(0.0, self.budget_s - spent)
