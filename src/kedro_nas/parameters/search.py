"""Options of the search: rungs, limits, and choice of finalists."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from kedro_nas.parameters.base import CostName, Options

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SearchOptions(Options):
    """`params:nas.search`.

    Attributes:
        budget_s: Wall seconds of the search, all sessions together; `auto` is its share
            of the job's budget (docs/concepts/budget.md); null, too, but no limit where
            the job has no budget.
        max_trials: Trials (a trial is one rung of one architecture); null for no limit.
        max_epochs: Epochs of the top rung; `auto`: `factor` squared times rung 0.
        finalists: Distinct networks of the search that are ranked.
        target_score: The objective, on validation images, of a full training that is
            good enough: no more networks are proposed, and the seconds left go to the
            final training. null for none. A race trains its networks anyway.
        stop_after_networks: Networks without a score better by its standard error after
            which no more are proposed; null goes on to the limits.
        finalists_front: A cost, `params`, `macs` or `latency` (where it is bounded), to
            prefer networks that no other one beats in both score and this cost, the
            best scores first; null looks at the score alone. A race ranks all networks.
        max_epochs_total: Epochs over all trials; null for no limit.
        iterations: Passes over all brackets; null goes on until another limit ends it.
        min_epochs: Epochs of rung 0, at least.
        min_steps: Gradient steps of rung 0, at least; small sets get more epochs.
        factor: Reduction factor: one of `factor` networks is promoted to the next rung.
        plan: A race of proven networks (`race`), Hyperband over the search space
            (`search`), or `auto`, by the budget; docs/concepts/budget.md.
        patience: Epochs without a better score after which a candidate stops, counted
            across rungs.
        smoothing_epochs: Number of last epochs whose mean is the score, at most a third
            of those of the rung.
        slope_places: Places in each promotion reserved for the steepest recent slope,
            so that slow starters are not eliminated.
        rung0_standard_error: Largest standard error of a score on rung 0; validation
            images beyond those needed for it are not scored there. null scores all.
        proposer: Proposer of candidates: `portfolio_surrogate` (proven networks, then
            by a model of the scores), `evolution`, `random`, the name of an entry point
            of the group `kedro_nas.proposers`, or `package.module:Class`.
        learning_lag: Places between a proposal and the last outcome that it may depend
            on; the search is the same for any number of workers, of which up to so many
            train without waiting. null uses every outcome at once, and gives that up.
        inherit: `none` starts every network from fresh weights; with `morph` one that
            is a trained network made wider, deeper, with larger kernels or with
            attention starts with that network's function. Final training and
            cross-validation start from fresh weights in any case.
        newest_candidates: Number of newest networks among which finalists are chosen,
            None for all.
        max_per_family: Finalists that may share one sequence of block names, as
            long as other families can fill the places.
        on_change: What to do when parameters, space or data differ from those of the
            search in the workspace: `refuse`, or `restart` (the old search is kept
            beside it under another name).
        progress: `auto` (a live line on a terminal, log lines elsewhere) or `off`.
    """

    section: ClassVar[str] = "search"

    budget_s: Seconds | Literal["auto"] | None = "auto"
    max_trials: int | None = Field(None, ge=1)
    max_epochs: int | Literal["auto"] = "auto"
    finalists: int = Field(3, ge=1)
    target_score: float | None = Field(None, gt=0, le=1)
    stop_after_networks: int | None = Field(None, ge=1)
    finalists_front: CostName | None = None
    max_epochs_total: int | None = Field(None, ge=1)
    iterations: int | None = Field(None, ge=1)
    min_epochs: int = Field(1, ge=1)
    min_steps: int = Field(150, ge=1)
    factor: int = Field(3, ge=2)
    plan: Literal["auto", "race", "search"] = "auto"
    patience: int = Field(15, ge=1)
    smoothing_epochs: int = Field(3, ge=1)
    slope_places: int = Field(1, ge=0)
    rung0_standard_error: float | None = Field(0.01, gt=0, le=0.5)
    proposer: str = Field("portfolio_surrogate", min_length=1)
    learning_lag: int | None = Field(8, ge=1)
    inherit: Literal["none", "morph"] = "none"
    newest_candidates: int | None = Field(None, ge=1)
    max_per_family: int = Field(2, ge=1)
    on_change: Literal["refuse", "restart"] = "refuse"
    progress: Literal["auto", "off"] = "auto"

    @model_validator(mode="after")
    def _epochs_ordered(self) -> Self:
        if isinstance(self.max_epochs, int) and self.max_epochs < self.min_epochs:
            raise ValueError("max_epochs must be at least min_epochs")
        return self

    @property
    def is_counted(self) -> bool:
        """Whether a number of trials, epochs or passes ends the search."""
        counts = (self.max_trials, self.max_epochs_total, self.iterations)
        return any(count is not None for count in counts)

    @property
    def needs_latency(self) -> str:
        """The option that needs a bound of latency, with its value; empty for none."""
        if self.finalists_front == "latency":
            return "nas.search.finalists_front: latency"
        return ""

    def rung_epochs(self, steps_per_epoch: int) -> tuple[int, int]:
        """Return the epochs of rung 0 and of the top rung.

        Args:
            steps_per_epoch: Gradient steps in one epoch of the training rows.

        >>> SearchOptions().rung_epochs(250)
        (1, 9)
        >>> SearchOptions().rung_epochs(36)
        (5, 45)
        """
        first = max(self.min_epochs, -(-self.min_steps // steps_per_epoch))
        if isinstance(self.max_epochs, int):
            return min(first, self.max_epochs), self.max_epochs
        return first, first * self.factor**2
