"""Options of the search: its ladder, its budget, and where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from kedro_nas.parameters.base import Options


class SearchOptions(Options):
    """`params:nas.search`.

    Attributes:
        budget_s: Wall seconds of the search; null for no limit. It ends the same
            sequence of trials earlier or later, it never changes it.
        pipeline_budget_s: Wall seconds of the whole pipeline; null for no limit.
            Ranking and final fit share what the search leaves, and stop at its end;
            each contestant is granted one fold, and each final model one epoch. The
            seconds of all sessions count, also of those that were killed.
        reserved_share: Share of `pipeline_budget_s` the search leaves to what follows.
        max_trials: Trials (a trial is one rung of one architecture); null for no limit.
        max_epochs_total: Epochs over all trials; null for no limit.
        max_epochs: Epochs of the top rung; `auto`: `factor` squared times rung 0.
        min_epochs: Epochs of rung 0, at least.
        min_steps: Gradient steps of rung 0, at least; small sets get more epochs.
        factor: One of so many is promoted to the next rung.
        iterations: Passes over all brackets; null goes on until another limit ends it.
        max_epoch_share: Candidates are not drawn whose one epoch would take more than
            this share of `budget_s`, as measured on candidate 0; null draws all.
        patience: Epochs without a better score after which a candidate stops, counted
            over its whole life, across rungs.
        smoothing_epochs: The score is the mean of so many last epochs.
        slope_places: Places in each promotion kept for the steepest recent slope, so
            that slow starters are not cut.
        rung0_standard_error: Rung 0 of a ladder reads no more validation images than
            keep a score's standard error at or below this; null reads all.
        objective: `auto` takes the verdict of the data profile.
        workers: Processes that train; `auto` is one per GPU, or one per CPU core.
        threads_per_worker: Intra-op threads of a worker on CPU. Another number rounds
            sums otherwise, so it is part of what a search, its folds and its final
            fit belong to.
        execution: `auto` measures once per search on GPUs which batch size, whether
            XLA and whether bfloat16 make candidate 0 train faster, in a twentieth of
            the budget at most; `plain` does not. CPUs always run plain steps.
        max_silence_s: A worker that gets no further for so long is taken for hung;
            within an epoch each second or two of steps counts as progress.
        max_attempts: Times a trial is tried when its worker is lost.
        max_resident_mb: Pixels up to this size live in each worker's memory; larger
            sets are read from the memory-mapped store.
        max_worker_memory_mb: A worker above it is replaced between two trials.
        on_change: What to do when parameters, space or data are not those the
            workspace was begun with: `refuse`, or `restart` (the old is kept aside).
        progress: `auto` (a live line on a terminal, log lines elsewhere) or `off`.
    """

    budget_s: float | None = Field(240, gt=0)
    pipeline_budget_s: float | None = Field(None, gt=0)
    reserved_share: float = Field(0.4, gt=0, lt=1)
    max_trials: int | None = Field(None, ge=1)
    max_epochs_total: int | None = Field(None, ge=1)
    max_epochs: int | Literal["auto"] = "auto"
    min_epochs: int = Field(1, ge=1)
    min_steps: int = Field(150, ge=1)
    factor: int = Field(3, ge=2)
    iterations: int | None = Field(None, ge=1)
    max_epoch_share: float | None = Field(0.05, gt=0, le=1)
    patience: int = Field(15, ge=1)
    smoothing_epochs: int = Field(3, ge=1)
    slope_places: int = Field(1, ge=0)
    rung0_standard_error: float | None = Field(0.01, gt=0, le=0.5)
    objective: Literal["auto", "accuracy", "balanced_accuracy"] = "auto"
    workers: int | Literal["auto"] = "auto"
    threads_per_worker: int = Field(1, ge=1)
    execution: Literal["auto", "plain"] = "auto"
    max_silence_s: float = Field(600, gt=0)
    max_attempts: int = Field(2, ge=1)
    max_resident_mb: int = Field(1024, ge=0)
    max_worker_memory_mb: int = Field(6144, ge=512)
    on_change: Literal["refuse", "restart"] = "refuse"
    progress: Literal["auto", "off"] = "auto"

    @model_validator(mode="after")
    def _ends(self) -> Self:
        limits = (
            self.budget_s,
            self.pipeline_budget_s,
            self.max_trials,
            self.max_epochs_total,
            self.iterations,
        )
        if all(limit is None for limit in limits):
            raise ValueError(
                "one of budget_s, pipeline_budget_s, max_trials, max_epochs_total, "
                "iterations must be set"
            )
        if isinstance(self.max_epochs, int) and self.max_epochs < self.min_epochs:
            raise ValueError("max_epochs must be at least min_epochs")
        if isinstance(self.workers, int) and self.workers < 1:
            raise ValueError("workers must be at least 1, or 'auto'")
        return self

    def objective_for(self, verdict: Mapping[str, Any]) -> Any:
        """Return what is maximised: the option, or what the data's verdict asks for.

        >>> SearchOptions().objective_for({"objective": "balanced_accuracy"})
        'balanced_accuracy'
        """
        return verdict["objective"] if self.objective == "auto" else self.objective

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
