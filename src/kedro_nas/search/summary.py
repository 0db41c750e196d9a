"""The summary of a search, from the lines of its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from kedro_nas.records.search import Execution, FlipEffect, SearchSummary
from kedro_nas.search.ledger import lines_of
from kedro_nas.search.ledger_lines import (
    ExecutionMeasured,
    LedgerLine,
    SearchBegun,
    SessionBegun,
    SessionEnded,
    TrialEnded,
    TrialsPlanned,
    TrialStarted,
    WorkerLost,
)
from kedro_nas.search.ledger_tables import incumbents, rank_correlations, trials_table
from kedro_nas.search.trial_progress import SearchProgressReader
from kedro_nas.space.acceptance import Acceptance
from kedro_nas.training.tasks import KINDS


def summarize_search(
    events: Sequence[LedgerLine],
    trials: pd.DataFrame,
    *,
    ended_by: str | None,
    budget_s: float | None,
    max_epochs: int,
    acceptance: Acceptance,
    baseline: str,
    execution: Execution,
    patience: int | None = None,
) -> SearchSummary:
    """Return the summary of a search.

    Args:
        events: Lines of the ledger, with at least the first.
        trials: `nas.trials`.
        ended_by: What ended the search, None while it goes on.
        budget_s: Wall seconds it was given, None for no limit.
        max_epochs: Epochs of the last rung.
        acceptance: Of the search space.
        baseline: Which baseline was built.
        execution: How gradient steps are run.
        patience: `params:nas.search.patience`.
    """
    top = trials["rung"] == trials["bracket"]  # bracket b has the rungs 0 to b
    epochs = trials["epochs"] - trials["epoch_start"]
    (begun, *_) = lines_of(events, SearchBegun)
    started = lines_of(events, TrialStarted)
    return SearchSummary(
        n_trials=len(trials),
        n_architectures=int(trials["key"].nunique()),
        n_failed=int((trials["status"] == "failed").sum()),
        n_stopped=int((trials["status"] == "stopped").sum()),
        epochs_trained=int(epochs.sum()),
        seconds=events[-1].t,
        seconds_full_training=float(trials.loc[top, "seconds_train"].sum()),
        seconds_by_kind={
            kind: float(trials[f"seconds_{kind}"].sum()) for kind in (*KINDS, "wait")
        },
        budget_s=budget_s,
        ended_by=ended_by,
        workers=1 + max((line.worker for line in started), default=0),
        max_epochs=max_epochs,
        patience=patience,
        acceptance=acceptance,
        rank_correlation=tuple(rank_correlations(trials)),
        incumbent=tuple(incumbents(events)),
        sessions=len(lines_of(events, SessionBegun)),
        lost_workers=len(lines_of(events, WorkerLost)),
        seed=begun.seed,
        environment=begun.environment,
        baseline=baseline,
        execution=execution,
        flips=_flips(events),
    )


@dataclass(frozen=True)
class SearchSoFar:
    """A search that goes on, or that was cut off.

    Attributes:
        trials: Its trials as `nas.trials`; those that have not ended are `running`.
        summary: As in `nas.finalists`.
        objective: What is maximised.
    """

    trials: pd.DataFrame
    summary: SearchSummary
    objective: str


def search_so_far(
    events: Sequence[LedgerLine], acceptance: Acceptance | None = None
) -> SearchSoFar | None:
    """Return what is known of a search; None before its first trial was started.

    Args:
        events: Lines of the ledger.
        acceptance: Of the search space, if it is known.
    """
    reader = SearchProgressReader()
    reader.add(events)
    started = [trial.row for trial in reader.trials() if trial.starts]
    if not started:
        return None
    (begun, *_) = lines_of(events, SearchBegun)
    planned = lines_of(events, TrialsPlanned)
    measured = lines_of(events, ExecutionMeasured)
    ended = lines_of(events, SessionEnded) if reader.ended_by else []
    trials = trials_table(started)
    summary = summarize_search(
        events,
        trials,
        ended_by=ended[-1].ended_by if ended else None,
        budget_s=lines_of(events, SessionBegun)[-1].budget_s,
        max_epochs=planned[-1].epochs if planned else int(trials["rung_epochs"].max()),
        acceptance=acceptance or Acceptance(),
        baseline=str(begun.belongs.root.get("job.baseline", "auto")),
        execution=measured[-1].execution if measured else Execution(),
    )
    return SearchSoFar(trials, summary, begun.objective)


def _flips(events: Sequence[LedgerLine]) -> FlipEffect | None:
    """Return the effect of flips on the first network, None if not measured."""
    found = (line.flip_effect for line in lines_of(events, TrialEnded))
    return next((effect for effect in found if effect is not None), None)
