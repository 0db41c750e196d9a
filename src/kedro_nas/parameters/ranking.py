"""Options of the ranking stage: cross-validation and rule of choice."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kedro_nas.parameters.base import CostName, Options

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RankingOptions(Options):
    """How finalists are cross-validated and one of them is chosen.

    Attributes:
        budget_s: Wall seconds of the cross-validation, all sessions together; `auto`
            is its share of the job's budget (docs/concepts/budget.md), null for no
            limit. To fit it, finalists beyond two are dropped first, then repeats, then
            folds beyond two, then the second finalist; epochs stay as they are. If that
            still exceeds it, finalists are compared over the validation images of the
            search instead.
        folds: Number of folds to train, at most those of the data set; None for all.
        repeats: Repetitions of the folds, None for the verdict's number.
        rule: `one_standard_error` chooses the smallest contestant whose gap to the best
            mean is at most one corrected standard error; `best_mean` the best;
            `best_under_latency` the best of those that keep
            `nas.search_space.max_latency_ms`, which has to be set, with a profile of
            the device. Where latency is bounded, the others keep the bound as well.
        smaller_by: The cost by which `one_standard_error` calls a contestant smaller:
            `params`, which is also the size of the file (4 bytes each, 1 in int8);
            `macs`; or `latency`, where it is bounded.
        epochs: Epochs in each fold, None for half of those of the final training.
    """

    section: ClassVar[str] = "ranking"

    budget_s: Seconds | Literal["auto"] | None = "auto"
    folds: int | None = Field(None, ge=2)
    repeats: int | None = Field(None, ge=1)
    rule: Literal["one_standard_error", "best_mean", "best_under_latency"] = (
        "one_standard_error"
    )
    smaller_by: CostName = "params"
    epochs: int | None = Field(None, ge=1)

    @property
    def needs_latency(self) -> str:
        """The option that needs a bound of latency, with its value; empty for none."""
        if self.rule == "best_under_latency":
            return "nas.ranking.rule: best_under_latency"
        if self.smaller_by == "latency":
            return "nas.ranking.smaller_by: latency"
        return ""
