"""The page of a job that has not ended: what is known so far, and what is not.

The sections are those of the report. One whose results are not there yet says which
stage they wait for; no number stands in for another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchSummary
from kedro_nas.report import classes, diagram, leaderboard, rungs
from kedro_nas.report.figures.bars import draw_choice_importance
from kedro_nas.report.figures.curves import draw_learning_curves, draw_search_history
from kedro_nas.report.figures.folds import draw_fold_scores
from kedro_nas.report.figures.pareto import draw_pareto_front
from kedro_nas.report.importance import rank_choices
from kedro_nas.report.page import render, title_of
from kedro_nas.report.sections import all_sections, byline
from kedro_nas.report.typesetting import percent
from kedro_nas.space.search_space import SearchSpace

# what a section waits for, by its id
_STAGE = {
    "answer": "the test, in the export stage",
    "leaderboard": "the ranking stage",
    "size": "the first trial that ends",
    "search": "the first trial of the search",
    "choices": "the first trial of the search",
    "network": "the ranking stage",
    "mistakes": "the test, in the export stage",
    "costs": "the end of all stages",
    "data": "the data_preparation stage",
    "sheet": "the end of all stages",
}
_NO_RANKING = pd.DataFrame(
    columns=["key", "name", "is_baseline", "chosen", "cv_mean", "params", "macs"]
)


@dataclass(frozen=True)
class Ranked:
    """The results of the ranking stage.

    Attributes:
        table: `nas.ranking`.
        fold_scores: `nas.fold_scores`.
        best: The network that was chosen.
    """

    table: pd.DataFrame
    fold_scores: pd.DataFrame
    best: Choice


@dataclass(frozen=True)
class ResultsSoFar:
    """What a job has found so far; what no stage has written yet is None.

    Attributes:
        state: What the job does now, a sentence.
        dataset_profile: Profile of the images.
        search_space: The networks that are allowed.
        trials: A row per architecture and rung, of those that were started.
        search: Summary of the search.
        objective: Name of what is maximised.
        recall_floors: Smallest recall wanted, by class name.
        ranked: Results of the ranking.
    """

    state: str
    dataset_profile: DatasetProfile | None = None
    search_space: SearchSpace | None = None
    trials: pd.DataFrame | None = None
    search: SearchSummary | None = None
    objective: str = "accuracy"
    recall_floors: Mapping[str, float] = field(default_factory=dict)
    ranked: Ranked | None = None


def write_report_so_far(results: ResultsSoFar, options: ReportingOptions) -> str:
    """Return the page of a job that has not ended.

    Args:
        results: What is known.
        options: The title; prices and figures of the user need all results.
    """
    page = _Page(results)
    profile, search = results.dataset_profile, results.search
    page.context |= {
        "byline": byline(
            profile,
            None if search is None else search.seed,
            None if search is None else search.environment,
        ),
        "sections": all_sections(missing=_missing(page.known, search)),
        "title": options.title or (title_of(profile) if profile else "A search"),
    }
    return render(page.context, page.figures)


class _Page:
    """The variables and figures of the sections whose results are known.

    Attributes:
        context: Variables of the templates, by name.
        figures: Plotly figures, by name.
        known: Ids of the sections.
    """

    def __init__(self, results: ResultsSoFar) -> None:
        self.context: dict[str, Any] = {"state": results.state, "notes": ()}
        self.figures: dict[str, go.Figure] = {}
        self.known: set[str] = set()
        profile, search = results.dataset_profile, results.search
        trials = results.trials
        if profile is not None:
            self.known.add("data")
            self.context |= {
                "dataset_profile": profile,
                "contact_sheet": classes.contact_sheet(profile),
            }
        if results.search_space is not None:
            self.context["notes"] = results.search_space.notes
        if search is not None and trials is not None:
            self._add_search(trials, search, results)
        if results.ranked is not None:
            self._add_ranking(results.ranked)

    def _add_search(
        self, trials: pd.DataFrame, search: SearchSummary, results: ResultsSoFar
    ) -> None:
        self.known |= {"search", "choices"}
        if results.ranked is not None or trials["score"].notna().any():
            self.known.add("size")
        rung_rows = rungs.rung_rows(trials, search.rank_correlation)
        importance = rank_choices(trials)
        self.context |= {
            "search": search,
            "rungs": rung_rows,
            "correlation_warning": rungs.correlation_warning(rung_rows),
            "failures": rungs.failures(trials),
            "importance": importance,
            "on_folds": False,
        }
        ranked = results.ranked
        ranking = _NO_RANKING if ranked is None else ranked.table
        winner = "" if ranked is None else ranked.best.key
        objective, floors = results.objective, results.recall_floors
        self.figures |= {
            "search_history": draw_search_history(trials, search),
            "learning_curves": draw_learning_curves(trials, winner, objective, floors),
            "choice_importance": draw_choice_importance(importance),
            "pareto_front": draw_pareto_front(
                trials, ranking, objective, recall_floors=floors
            ),
            "pareto_front_macs": draw_pareto_front(
                trials, ranking, objective, recall_floors=floors, cost="macs"
            ),
        }

    def _add_ranking(self, ranked: Ranked) -> None:
        self.known |= {"leaderboard", "network"}
        best = ranked.best
        scale, rows = leaderboard.leaderboard_rows(ranked.table)
        self.context |= {
            "best_architecture": best,
            "on_folds": best.plan.scored_on == "folds",
            "test_metrics": None,
            "versus": (),
            "optimism": "",
            "averaging": "",
            "scale": scale,
            "contestants": rows,
            "diagram": diagram.draw_architecture(best.architecture),
            "recipe": diagram.describe_recipe(best.architecture),
        }
        self.figures["fold_scores_figure"] = draw_fold_scores(
            ranked.fold_scores,
            ranked.table,
            objective=best.objective,
            recall_floors=best.recall_floors,
        )


def _missing(known: set[str], search: SearchSummary | None) -> Mapping[str, str]:
    """Return why sections have nothing to show, by their ids."""
    missing = {
        name: f"Not known yet: it waits for {stage}."
        for name, stage in _STAGE.items()
        if name not in known
    }
    if search is not None and search.incumbent and "answer" in missing:
        best = search.incumbent[-1]
        missing["answer"] += (
            f" The best validation score so far is {percent(best.score)}; it is the"
            " highest of several, so expect less on the test images."
        )
    return missing
