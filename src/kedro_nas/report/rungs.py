"""The search rung by rung: networks trained, failed, promoted, and rank correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from kedro_nas.records.search import RankCorrelation

# below it the order of a rung hardly predicts the next: good networks are stopped
MIN_TAU = 0.4


@dataclass(frozen=True)
class RungRow:
    """The trials of one rung of one bracket.

    Attributes:
        iteration: Pass over the brackets.
        bracket: Number of the bracket.
        rung: Number of the rung.
        epochs: Cumulative epochs at its end.
        n: Networks trained.
        n_failed: Of them, failed.
        n_stopped: Of them, cut off by the budget.
        n_promoted: Of them, trained further.
        best: Best score, None when nothing was scored.
        median: Median score.
        tau: Kendall's rank correlation with the rung below, or None.
        tau_n: Networks in both rungs.
    """

    iteration: int
    bracket: int
    rung: int
    epochs: int
    n: int
    n_failed: int
    n_stopped: int
    n_promoted: int
    best: float | None
    median: float | None
    tau: float | None
    tau_n: int | None


@dataclass(frozen=True)
class FailureCount:
    """A reason for failed trials.

    Attributes:
        reason: One line.
        n: Trials that failed for it.
    """

    reason: str
    n: int


def rung_rows(
    trials: pd.DataFrame, correlations: Sequence[RankCorrelation]
) -> list[RungRow]:
    """Return a row per bracket and rung.

    Args:
        trials: `nas.trials`.
        correlations: `search.rank_correlation` of `nas.finalists`.
    """
    taus = {(one.iteration, one.bracket, one.rung): one for one in correlations}
    promoted = set(trials["parent_id"].dropna())
    rows = []
    for place, group in trials.groupby(["iteration", "bracket", "rung"]):
        iteration, bracket, rung = (int(str(number)) for number in place)
        tau = taus.get((iteration, bracket, rung))
        scores = group["score"].dropna()
        rows.append(
            RungRow(
                iteration=iteration,
                bracket=bracket,
                rung=rung,
                epochs=int(group["epochs"].max()),
                n=len(group),
                n_failed=int((group["status"] == "failed").sum()),
                n_stopped=int((group["status"] == "stopped").sum()),
                n_promoted=int(group["trial_id"].isin(promoted).sum()),
                best=float(scores.max()) if len(scores) else None,
                median=float(scores.median()) if len(scores) else None,
                tau=tau.kendall_tau if tau else None,
                tau_n=tau.n if tau else None,
            )
        )
    return rows


def correlation_warning(rows: Sequence[RungRow]) -> str:
    """Return a warning where a rung's order hardly predicted the next, else ''."""
    weak = [
        f"rung {row.rung} of bracket {row.bracket} (τ = {row.tau:.2f} over"
        f" {row.tau_n} networks)"
        for row in rows
        if row.tau is not None and row.tau < MIN_TAU
    ]
    if not weak:
        return ""
    return (
        f"The order in {', '.join(weak)} was hardly predicted by the rung below: good"
        " networks may have been stopped early. Raise search.min_epochs."
    )


def failures(trials: pd.DataFrame, limit: int = 5) -> list[FailureCount]:
    """Return the commonest reasons for failure and how often each occurred."""
    failed = trials.loc[trials["status"] == "failed", "reason"].fillna(
        "no reason given"
    )
    return [
        FailureCount(str(reason), int(n))
        for reason, n in failed.value_counts().head(limit).items()
    ]
