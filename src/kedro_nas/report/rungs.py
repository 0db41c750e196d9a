"""How the search went, rung by rung."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kedro_nas.report.formats import is_number

# below it a rung hardly predicts the next, and halving throws away good networks
MIN_TAU = 0.4


def rung_rows(trials: pd.DataFrame, search: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per bracket and rung.

    Args:
        trials: `nas.trials`.
        search: `search` of `nas.finalists`, for its `rank_correlation`.
    """
    taus = {
        (entry.get("iteration", 0), entry.get("bracket"), entry.get("rung")): entry
        for entry in search.get("rank_correlation") or []
    }
    promoted = set(trials["parent_id"].dropna())
    rows = []
    for (iteration, bracket, rung), group in trials.groupby(
        ["iteration", "bracket", "rung"]
    ):
        tau = taus.get((iteration, bracket, rung), {})
        scores = group["score"].dropna()
        rows.append(
            {
                "iteration": iteration,
                "bracket": bracket,
                "rung": rung,
                "epochs": int(group["epochs"].max()),
                "n": len(group),
                "n_failed": int((group["status"] == "failed").sum()),
                "n_stopped": int((group["status"] == "stopped").sum()),
                "n_promoted": int(group["trial_id"].isin(promoted).sum()),
                "best": scores.max() if len(scores) else None,
                "median": scores.median() if len(scores) else None,
                "tau": tau.get("kendall_tau"),
                "tau_n": tau.get("n"),
            }
        )
    return rows


def correlation_warning(rows: list[dict[str, Any]]) -> str:
    """Warn where a rung's order hardly foretold the next one's, else nothing."""
    weak = [
        f"rung {row['rung']} of bracket {row['bracket']} (τ = {row['tau']:.2f} over"
        f" {row['tau_n']} networks)"
        for row in rows
        if is_number(row["tau"]) and row["tau"] < MIN_TAU
    ]
    if not weak:
        return ""
    return (
        f"The order in {', '.join(weak)} was hardly foretold by the rung below: good"
        " networks may have been stopped early. Raise search.min_epochs."
    )


def failures(trials: pd.DataFrame, limit: int = 5) -> list[dict[str, Any]]:
    """Return the commonest reasons for failure and how often each occurred."""
    failed = trials.loc[trials["status"] == "failed", "reason"].fillna(
        "no reason given"
    )
    return [
        {"reason": reason, "n": int(n)}
        for reason, n in failed.value_counts().head(limit).items()
    ]
