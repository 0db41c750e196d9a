"""The report: all results of a job on one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from jinja2 import ChainableUndefined, Environment, FileSystemLoader, UndefinedError
from jinja2.utils import missing
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from kedro_nas.accounting.costs import Costs, account
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.report import (
    answer,
    classes,
    diagram,
    formats,
    leaderboard,
    rungs,
    versus,
)
from kedro_nas.report.checklist import fill_checklist
from kedro_nas.report.figures.bars import draw_choice_importance, draw_time_spent
from kedro_nas.report.figures.confusion import draw_confusion_matrix
from kedro_nas.report.figures.curves import draw_learning_curves, draw_search_history
from kedro_nas.report.figures.folds import draw_fold_scores
from kedro_nas.report.figures.pareto import draw_pareto_front
from kedro_nas.report.importance import Importance, weigh_choices
from kedro_nas.report.provenance import read_provenance

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Report:
    """The page and its figures.

    Attributes:
        html: One file that asks nothing of the network.
        figures: Plotly figures by the name of their dataset.
    """

    html: str
    figures: dict[str, go.Figure] = field(repr=False)


def write_report(
    *,
    dataset_profile: Mapping[str, Any],
    search_space: Mapping[str, Any],
    trials: pd.DataFrame,
    finalists: Mapping[str, Any],
    fold_scores: pd.DataFrame,
    ranking: pd.DataFrame,
    best_architecture: Mapping[str, Any],
    test_metrics: Mapping[str, Any],
    options: ReportingOptions,
) -> Report:
    """Write the report of a job.

    Whatever is missing is left out or said to be missing: a job whose search ended
    early, or that has no baseline, still has a page.

    Args:
        dataset_profile: `nas.dataset_profile`.
        search_space: `nas.search_space`.
        trials: `nas.trials`.
        finalists: `nas.finalists`.
        fold_scores: `nas.fold_scores`.
        ranking: `nas.ranking`.
        best_architecture: `nas.best_architecture`.
        test_metrics: `nas.test_metrics`.
        options: Title and prices.
    """
    results = {
        "dataset_profile": dataset_profile,
        "search_space": search_space,
        "trials": trials,
        "finalists": finalists,
        "fold_scores": fold_scores,
        "best_architecture": best_architecture,
        "test_metrics": test_metrics,
    }
    costs = account(options.costs, **results)
    importance = weigh_choices(trials)
    results["ranking"] = ranking
    figures = _draw(results, costs, importance)
    page_only = {"pareto_front_macs": draw_pareto_front(trials, ranking, cost="macs")}
    context = {
        **_context(results, costs, importance),
        "title": options.title or _title(dataset_profile),
        "plots": {name: _embed(one) for name, one in {**figures, **page_only}.items()},
    }
    return Report(html=_render(context), figures=figures)


class _Gap(ChainableUndefined):
    """A field a job did not leave reads as nothing; a misspelt variable does not."""

    def __init__(self, hint: Any = None, obj: Any = missing, **other: Any) -> None:
        super().__init__(hint, obj, **other)
        if obj is missing:
            raise UndefinedError(self._undefined_message)


def _draw(
    results: Mapping[str, Any], costs: Costs, importance: Importance
) -> dict[str, go.Figure]:
    trials, ranking = results["trials"], results["ranking"]
    best = results["best_architecture"]
    objective = best.get("objective") or "accuracy"
    return {
        "learning_curves": draw_learning_curves(
            trials, str(best.get("key")), objective
        ),
        "pareto_front": draw_pareto_front(trials, ranking),
        "fold_scores_figure": draw_fold_scores(
            results["fold_scores"], ranking, objective=objective
        ),
        "confusion_matrix": draw_confusion_matrix(results["test_metrics"]),
        "time_spent": draw_time_spent(costs.ledger),
        "search_history": draw_search_history(
            trials, results["finalists"].get("search", {})
        ),
        "choice_importance": draw_choice_importance(importance),
    }


def _context(
    results: Mapping[str, Any], costs: Costs, importance: Importance
) -> dict[str, Any]:
    trials, ranking = results["trials"], results["ranking"]
    test, best = results["test_metrics"], results["best_architecture"]
    search = results["finalists"].get("search", {})
    scale, rows = leaderboard.leaderboard(ranking)
    test_scale, test_rows = leaderboard.test_intervals(test)
    rung_rows = rungs.rung_rows(trials, search)
    mistakes = list(test.get("mistakes") or [])
    return {
        **results,
        "search": search,
        "costs": costs,
        "importance": importance,
        "lines": answer.answer_lines(test, best, results["finalists"], costs),
        "caution": answer.caution(test),
        "beats_chance": answer.beats_chance(test),
        "scale": scale,
        "contestants": rows,
        "test_scale": test_scale,
        "test_rows": test_rows,
        "versus": versus.compare_with_baseline(test, ranking, results["fold_scores"]),
        "provenance": read_provenance(search),
        "optimism": leaderboard.optimism_sentence(ranking, test),
        "rungs": rung_rows,
        "correlation_warning": rungs.correlation_warning(rung_rows),
        "failures": rungs.failures(trials),
        "diagram": diagram.draw_architecture(best.get("architecture")),
        "recipe": diagram.describe_recipe(best.get("architecture")),
        "confusions": classes.top_confusions(test),
        "per_class": classes.worst_first(test),
        "mistakes": classes.pictures_within_budget(mistakes),
        "contact_sheet": classes.contact_sheet(results["dataset_profile"]),
        "practices": fill_checklist(
            finalists=results["finalists"],
            ranking=ranking,
            fold_scores=results["fold_scores"],
            costs=costs,
        ),
    }


def _title(profile: Mapping[str, Any]) -> str:
    n_classes = len(profile.get("class_names") or [])
    return (
        f"Architecture search on {formats.whole(profile.get('n_images'))} images"
        f" of {n_classes} classes"
    )


def _render(context: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=_Gap,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "percent",
        "points",
        "p_value",
        "whole",
        "short",
        "duration",
        "typeset",
    ):
        environment.filters[name] = getattr(formats, name)
    return environment.get_template("report.html.j2").render(
        **context,
        style=Markup((TEMPLATES / "page.css").read_text()),  # noqa: S704  our own file
        script=Markup((TEMPLATES / "page.js").read_text()),  # noqa: S704  our own file
        plotly_js=Markup(get_plotlyjs()),  # noqa: S704  the package's own file
    )


def _embed(figure: go.Figure) -> Markup:
    """Write a figure as JSON that cannot end the script element it stands in."""
    text = figure.to_json().replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704  nothing in it can close the element now
