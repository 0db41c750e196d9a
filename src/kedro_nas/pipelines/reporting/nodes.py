"""Nodes of the `reporting` stage; each calls one function of the library.

Records are imported by the nodes that read them: each command of Kedro imports this
module.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

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
    dataset_profile: JsonValue,
    search_space: JsonValue,
    trials: Any,
    finalists: JsonValue,
    fold_scores: Any,
    ranking: Any,
    best_architecture: JsonValue,
    test_metrics: JsonValue,
    reporting: ReportingOptions,
) -> tuple[Any, ...]:
    """Write the page; return it and the figures in the order of `FIGURES`."""
    from kedro_nas.records.export import TestMetrics
    from kedro_nas.records.job import JobResults
    from kedro_nas.records.profile import DatasetProfile
    from kedro_nas.records.ranking import Choice
    from kedro_nas.records.search import SearchResult
    from kedro_nas.report.page import write_report as write
    from kedro_nas.space.search_space import SearchSpace

    results = JobResults(
        DatasetProfile.read(dataset_profile), SearchSpace.model_validate(search_space),
        trials, SearchResult.read(finalists), fold_scores, ranking,
        Choice.read(best_architecture), TestMetrics.read(test_metrics),
    )  # fmt: skip
    options = ReportingOptions.parse(reporting, where="nas.reporting")
    report = write(results, options)
    return (report.html, *(report.figures[name] for name in FIGURES))
