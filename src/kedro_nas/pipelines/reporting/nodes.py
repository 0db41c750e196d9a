"""Nodes of the `reporting` stage; each calls one function of the library."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kedro_nas.parameters.reporting import ReportingOptions

# the outputs of `write_report` after the page, in this order
FIGURES = (
    "learning_curves",
    "pareto_front",
    "fold_scores_figure",
    "confusion_matrix",
    "time_spent",
    "search_history",
    "choice_importance",
)


def write_report(
    dataset_profile: dict[str, Any],
    search_space: dict[str, Any],
    trials: pd.DataFrame,
    finalists: dict[str, Any],
    fold_scores: pd.DataFrame,
    ranking: pd.DataFrame,
    best_architecture: dict[str, Any],
    test_metrics: dict[str, Any],
    reporting: ReportingOptions,
) -> tuple[Any, ...]:
    """Write the page; return it and the figures in the order of `FIGURES`."""
    from kedro_nas.report.page import write_report as write

    report = write(
        dataset_profile=dataset_profile, search_space=search_space, trials=trials,
        finalists=finalists, fold_scores=fold_scores, ranking=ranking,
        best_architecture=best_architecture, test_metrics=test_metrics,
        options=ReportingOptions.at_the_door(reporting, where="nas.reporting"),
    )  # fmt: skip
    return (report.html, *(report.figures[name] for name in FIGURES))
