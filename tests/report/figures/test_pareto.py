"""Accuracy against cost, drawn so that the front can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.report.figures.pareto import draw_pareto_front, log_ticks
from kedro_nas.report.figures.theme import BASELINE, WINNER
from kedro_nas.statistics.objectives import title_of
from kedro_nas.statistics.pareto_front import longest_trainings


def test_draw_pareto_front_shows_each_contestant_once_in_its_colour(results):
    """Winner and baseline are named in the legend, other finalists together."""
    figure = draw_pareto_front(results.trials, results.ranking)

    named = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert sorted(named) == sorted(
        ["tried", "Pareto front", "chosen", "baseline", "other finalists"]
    )


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=20))
def test_log_ticks_are_few_rising_and_near_the_values(values):
    """At most seven labels, none far outside of what is drawn."""
    ticks = log_ticks(values)

    assert len(ticks) <= 7
    assert ticks == sorted(set(ticks))
    assert all(0.7 * min(values) <= tick <= 1.4 * max(values) for tick in ticks)


@pytest.mark.parametrize(
    ("cost", "title"),
    [("params", "parameters"), ("macs", "multiply-accumulates per image")],
)
def test_draw_pareto_front_is_against_the_cost_that_was_asked_for(results, cost, title):
    """The axis is logarithmic and names the cost; points lie at it."""
    figure = draw_pareto_front(results.trials, results.ranking, cost=cost)
    tried = next(trace for trace in figure.data if trace.name == "tried")

    assert figure.layout.xaxis.title.text == title
    assert figure.layout.xaxis.type == "log"
    assert sorted(tried.x) == sorted(longest_trainings(results.trials)[cost])


def test_draw_pareto_front_line_rises_with_cost(results):
    """Along the front more cost always buys a higher score."""
    figure = draw_pareto_front(results.trials, results.ranking)
    front = next(trace for trace in figure.data if trace.name == "Pareto front")

    assert list(front.x) == sorted(front.x)
    assert list(front.y) == sorted(set(front.y))


def test_draw_pareto_front_tells_the_key_by_which_a_network_is_exported(results):
    """Who points at a network learns what `kedro nas export` needs."""
    figure = draw_pareto_front(results.trials, results.ranking)
    tried = next(trace for trace in figure.data if trace.name == "tried")
    keys = [row[2] for row in tried.customdata]

    assert keys == [key[:8] for key in longest_trainings(results.trials)["key"]]
    assert "customdata[2]" in tried.hovertemplate


def test_draw_pareto_front_draws_the_winner_last_and_roles_in_their_colours(results):
    """Nothing hides the chosen network."""
    figure = draw_pareto_front(results.trials, results.ranking)
    colours = {trace.name: trace.marker.color for trace in figure.data}

    assert figure.data[-1].name == "chosen"
    assert (colours["chosen"], colours["baseline"]) == (WINNER, BASELINE)


def test_draw_pareto_front_of_nothing_says_so(results):
    """A search without scores has a sentence instead."""
    figure = draw_pareto_front(results.trials.iloc[:0], results.ranking.iloc[:0])

    assert "No network was scored" in figure.layout.annotations[0].text


def test_draw_pareto_front_of_one_network_has_level_ticks_around_it(results):
    """Plotly would squeeze the ticks into the middle of two decades, upright."""
    trials = longest_trainings(results.trials).head(1)
    figure = draw_pareto_front(trials, results.ranking.iloc[:0])
    axis = figure.layout.xaxis

    low, high = (10**end for end in axis.range)
    (params,) = trials["params"]
    assert params / 2 < low < params < high < params * 2
    assert all(low <= tick <= high for tick in axis.tickvals)
    assert axis.tickangle == 0
    assert figure.layout.yaxis.range[1] - trials["score"].item() < 0.1


def test_draw_pareto_front_names_what_was_maximised(results):
    """The scores of a search for AUC are no accuracies."""
    figures = [
        draw_pareto_front(results.trials, results.ranking, *objective)
        for objective in ((), ("macro_f1",))
    ]
    titles = [figure.layout.yaxis.title.text for figure in figures]

    assert titles == ["accuracy", title_of("macro_f1")]


def test_draw_pareto_front_names_the_floors_that_were_set(results):
    """A score that was cut by missed floors of recall is no plain accuracy."""
    figure = draw_pareto_front(
        results.trials, results.ranking, recall_floors={"Shirt": 0.9}
    )

    assert figure.layout.yaxis.title.text == "accuracy with floors of recall"
