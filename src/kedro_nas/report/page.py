"""The report: all results of a job on one self-contained page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from kedro_nas.accounting.job_costs import JobCosts, compute_costs
from kedro_nas.number_text import whole
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.report import (
    answer,
    classes,
    diagram,
    leaderboard,
    rungs,
    typesetting,
)
from kedro_nas.report.budget_use import budget_rows
from kedro_nas.report.checklist import fill_checklist, read_provenance
from kedro_nas.report.figures.bars import draw_choice_importance, draw_time_spent
from kedro_nas.report.figures.confusion import draw_confusion_matrix
from kedro_nas.report.figures.curves import draw_learning_curves, draw_search_history
from kedro_nas.report.figures.custom import draw_custom_figures
from kedro_nas.report.figures.folds import draw_fold_scores
from kedro_nas.report.figures.pareto import draw_pareto_front
from kedro_nas.report.importance import Importance, rank_choices
from kedro_nas.report.sections import all_sections, byline

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Report:
    """The page and its figures.

    Attributes:
        html: One file that loads nothing from elsewhere.
        figures: Plotly figures by the name of their dataset.
    """

    html: str
    figures: dict[str, go.Figure] = field(repr=False)


def write_report(results: JobResults, options: ReportingOptions) -> Report:
    """Write the report of a job.

    Args:
        results: Of all stages; tables may be empty.
        options: Title, prices, and figures of the user.

    Raises:
        ParameterError: A figure of the user cannot be imported.
    """
    costs = compute_costs(options.costs, results)
    importance = rank_choices(results.trials)
    figures = _draw(results, costs, importance)
    page_only = {
        "pareto_front_macs": draw_pareto_front(
            results.trials,
            results.ranking,
            results.best_architecture.objective,
            recall_floors=results.best_architecture.recall_floors,
            cost="macs",
        )
    }
    custom = draw_custom_figures(options.figures, results)
    drawn = {**figures, **page_only, **{one.name: one.figure for one in custom}}
    context = {
        **_context(results, costs, importance),
        "custom_figures": custom,
        "sections": all_sections(has_custom=bool(custom)),
        "title": options.title or title_of(results.dataset_profile),
    }
    return Report(html=render(context, drawn), figures=figures)


def _draw(
    results: JobResults, costs: JobCosts, importance: Importance
) -> dict[str, go.Figure]:
    trials, ranking, best = results.trials, results.ranking, results.best_architecture
    floors = best.recall_floors
    return {
        "learning_curves": draw_learning_curves(
            trials, best.key, best.objective, floors
        ),
        "pareto_front": draw_pareto_front(
            trials, ranking, best.objective, recall_floors=floors
        ),
        "fold_scores_figure": draw_fold_scores(
            results.fold_scores,
            ranking,
            objective=best.objective,
            recall_floors=floors,
        ),
        "confusion_matrix": draw_confusion_matrix(results.test_metrics),
        "time_spent": draw_time_spent(costs.time),
        "search_history": draw_search_history(trials, results.finalists.search),
        "choice_importance": draw_choice_importance(importance),
    }


def _context(
    results: JobResults, costs: JobCosts, importance: Importance
) -> dict[str, Any]:
    """Return the variables of the templates, by name."""
    test, best = results.test_metrics, results.best_architecture
    search = results.finalists.search
    scale, rows = leaderboard.leaderboard_rows(results.ranking)
    test_scale, test_rows = leaderboard.rows_of_test(test)
    rung_rows = rungs.rung_rows(results.trials, search.rank_correlation)
    return {
        "byline": byline(results.dataset_profile, search.seed, search.environment),
        "state": "",
        "notes": results.search_space.notes,
        "on_folds": best.plan.scored_on == "folds",
        "dataset_profile": results.dataset_profile,
        "search_space": results.search_space,
        "best_architecture": best,
        "test_metrics": test,
        "search": search,
        "costs": costs,
        "importance": importance,
        "budget_rows": budget_rows(best.budget, test),
        "lines": answer.answer_lines(test, best, results.finalists, costs),
        "caution": answer.caution(test),
        "averaging": answer.averaging_sentence(test),
        "scale": scale,
        "contestants": rows,
        "test_scale": test_scale,
        "test_rows": test_rows,
        "versus": leaderboard.compare_with_baseline(
            test, results.ranking, results.fold_scores
        ),
        "provenance": read_provenance(search),
        "optimism": leaderboard.optimism_sentence(results.ranking, test),
        "rungs": rung_rows,
        "correlation_warning": rungs.correlation_warning(rung_rows),
        "failures": rungs.failures(results.trials),
        "diagram": diagram.draw_architecture(best.architecture),
        "recipe": diagram.describe_recipe(best.architecture),
        "confusions": classes.top_confusions(test),
        "per_class": classes.worst_first(test),
        "mistakes": classes.mistakes_with_room(test.mistakes),
        "contact_sheet": classes.contact_sheet(results.dataset_profile),
        "practices": fill_checklist(
            finalists=results.finalists,
            ranking=results.ranking,
            fold_scores=results.fold_scores,
            costs=costs,
        ),
    }


def title_of(profile: DatasetProfile) -> str:
    """Return the title of a page without one of the user's."""
    return (
        f"Architecture search on {whole(profile.n_images)} images"
        f" of {len(profile.class_names)} classes"
    )


def render(context: Mapping[str, Any], figures: Mapping[str, go.Figure]) -> str:
    """Return the page.

    Args:
        context: Variables of the templates, by name.
        figures: Plotly figures, by the name of their place on the page.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {name: _refuses_undefined(one) for name, one in typesetting.FILTERS.items()}
    )
    return environment.get_template("report.html.j2").render(
        **context,
        plots={name: _embed(one) for name, one in figures.items()},
        style=Markup((TEMPLATES / "page.css").read_text()),  # noqa: S704  a file of this package
        script=Markup((TEMPLATES / "page.js").read_text()),  # noqa: S704  a file of this package
        plotly_js=Markup(get_plotlyjs()),  # noqa: S704  a file of Plotly
    )


def _refuses_undefined(write: Callable[..., str]) -> Callable[..., str]:
    """Return a filter that raises for a misspelt name, rather than write a dash."""

    @wraps(write)
    def checked(value: Any, *rest: Any) -> str:
        if isinstance(value, StrictUndefined):
            str(value)  # raises the error that names it
        return write(value, *rest)

    return checked


def _embed(figure: go.Figure) -> Markup:
    """Return a figure as JSON that cannot end the script element it is written in."""
    text = figure.to_json().replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704  escaped above
