"""Options of the ranking stage: who is compared, on what, and how one is chosen."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from kedro_nas.parameters.base import Options


class RankingOptions(Options):
    """How finalists are cross-validated and one of them is chosen.

    Attributes:
        finalists: Distinct networks of the search that are cross-validated.
        last: Choose them among the last that many candidates only, None for all.
        max_per_family: Finalists that may share one sequence of block names, as
            long as other families can fill the places.
        folds: Folds that are trained, None for all the data set fixed; a number
            above what the data set fixed uses all there are.
        repeats: Repetitions of the folds, None for the verdict's number.
        rule: `one_standard_error` takes the smallest contestant whose gap to the
            best mean is at most one corrected standard error; `best_mean` the best.
        budget_s: Seconds for the cross-validation, all sessions together, None for no
            limit. It gives up finalists beyond two first, then repeats, the last two
            thirds of the epochs, folds beyond three, and then what is left. At its end
            no fold is begun, but the first of each contestant is completed.
        epochs: Epochs in each fold, None for the median best epoch of the search.
        baseline: `auto` for a hand-built residual network sized to the data, `none`, or
            `package.module:function` for your own network; docs/how-to/own-baseline.md.
        final_epochs: Epochs of the final fit, None for `final_factor` times the epochs
            of a full training in the search.
        final_factor: The final network may train longer than any candidate could.
        final_budget_s: Seconds of the final fit, all sessions together, None for no
            limit; it cuts epochs. At its end the model is saved as it is.
        seeds: Final fits of the winner; the one with the lowest training loss is taken.
    """

    finalists: int = Field(3, ge=1)
    last: int | None = Field(None, ge=1)
    max_per_family: int = Field(2, ge=1)
    folds: int | None = Field(None, ge=2)
    repeats: int | None = Field(None, ge=1)
    rule: Literal["one_standard_error", "best_mean"] = "one_standard_error"
    budget_s: float | None = Field(90, gt=0, allow_inf_nan=False)
    epochs: int | None = Field(None, ge=1)
    baseline: str = "auto"
    final_epochs: int | None = Field(None, ge=1)
    final_factor: float = Field(2, ge=1, le=10)
    final_budget_s: float | None = Field(155, gt=0, allow_inf_nan=False)
    seeds: int = Field(1, ge=1, le=3)

    @field_validator("baseline")
    @classmethod
    def _is_word_or_path(cls, value: str) -> str:
        if not re.fullmatch(r"auto|none|[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", value):
            raise ValueError("should be 'auto', 'none' or 'package.module:function'")
        return value
