"""The time budget of a job: its division between stages, and what is left."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kedro_nas.records.base import Part, Strings

PlanKind = Literal["race", "search"]


class BudgetPlan(Part):
    """How a job's seconds are divided between its stages.

    Attributes:
        kind: `race` between proven networks where the budget allows few full trainings,
            else a `search` of the space.
        full_trainings: Number of full trainings of candidate 0 within the budget on all
            workers, None without a budget.
        full_epochs: Epochs of such a training.
        search_s: Wall seconds of the search; None for no limit, here and below.
        ranking_s: Of the cross-validation; 0 where finalists are compared over the
            validation images of the search instead.
        final_s: Minimum for the final training, which also gets the seconds that
            earlier stages did not use.
        import_s: Of the import of TensorFlow before the search, as expected on this
            machine; no stage counts it as spent.
        finish_s: Of export, proof, test and report, as expected on this machine.
        reasons: A sentence for each decision.
    """

    kind: PlanKind = "search"
    full_trainings: float | None = None
    full_epochs: int = Field(30, ge=1)
    search_s: float | None = None
    ranking_s: float | None = None
    final_s: float | None = None
    import_s: float = 0.0
    finish_s: float = 0.0
    reasons: Strings = ()


class JobBudget(Part):
    """The budget of a job, the time spent, and its division between stages.

    It is passed from stage to stage; each adds its own seconds.

    Attributes:
        budget_s: Wall seconds of the whole job, all sessions; None for no limit.
        spent_s: Wall seconds by stage, all sessions.
        plan: How the seconds are divided.
    """

    budget_s: float | None = None
    spent_s: dict[str, float] = Field(default_factory=dict)
    plan: BudgetPlan = BudgetPlan()

    def after(self, stage: str, seconds: float) -> JobBudget:
        """Return the budget with the wall seconds of a stage added to those spent."""
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
        kept = self.plan.import_s + self.plan.finish_s
        return max(0.0, self.budget_s - sum(self.spent_s.values()) - kept)
