"""`kedro_nas.report.so_far`: the page of a job that has not ended."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from tests.ledgers import HEAD, created, ended, epoch, started

from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.records.job import JobResults
from kedro_nas.report.sections import all_sections
from kedro_nas.report.so_far import Ranked, ResultsSoFar, write_report_so_far
from kedro_nas.search.summary import search_so_far

STATE = "This run goes on: it is in the stage search."
OPTIONS = ReportingOptions()


def _text(page: str) -> str:
    """Give the words of a page, without its programs and data."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    words = unescape(re.sub(r"<[^>]+>", " ", body))
    return " ".join(words.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def searching(results: JobResults) -> ResultsSoFar:
    """Give a job whose second trial is under way."""
    first = [created("a"), started("a"), ended("a", 0.4, 0.5)]
    second = [created("b"), started("b"), epoch("b", 1, 0.3)]
    so_far = search_so_far([*HEAD, *first, *second])
    assert so_far is not None
    return ResultsSoFar(
        STATE,
        results.dataset_profile,
        results.search_space,
        so_far.trials,
        so_far.summary,
    )


def test_page_of_a_search_that_goes_on_shows_trials_and_data(
    searching: ResultsSoFar,
) -> None:
    """What is known is shown as in the report, the state above all."""
    page = write_report_so_far(searching, OPTIONS)
    text = _text(page)

    assert STATE in text
    assert "2 trials of 1 network" in text
    assert 'id="search_history-data"' in page
    assert 'id="learning_curves-data"' in page
    assert "data 9f3c1a77b2e04d55" in text


def test_page_of_a_search_that_goes_on_says_what_is_missing(
    searching: ResultsSoFar,
) -> None:
    """No number of the test or the ranking is made up; each section is there."""
    page = write_report_so_far(searching, OPTIONS)
    text = _text(page)

    assert all(f'id="{one.id}">' in page for one in all_sections())
    assert "Leaderboard Not known yet: it waits for the ranking stage." in text
    assert "Mistakes Not known yet: it waits for the test" in text
    assert "The best validation score so far is 50.0 %" in text
    assert 'id="confusion_matrix-data"' not in page
    assert "95 % interval" not in text


def test_page_before_anything_is_known_is_a_page(searching: ResultsSoFar) -> None:
    """Whoever asks in the first second is told that there is nothing yet."""
    text = _text(write_report_so_far(ResultsSoFar(STATE), OPTIONS))

    assert text.count("Not known yet") == len(all_sections())


def test_page_before_the_first_score_has_no_accuracy(searching: ResultsSoFar) -> None:
    """A trial under way has a curve, and no place on the front."""
    lines = [*HEAD, created("b"), started("b"), epoch("b", 1, 0.3)]
    so_far = search_so_far(lines)
    assert so_far is not None
    begun = replace(searching, trials=so_far.trials, search=so_far.summary)
    text = _text(write_report_so_far(begun, OPTIONS))

    assert "Accuracy and size Not known yet: it waits for the first trial" in text
    assert "best validation score so far" not in text


def test_page_after_the_ranking_has_leaderboard_and_network(
    searching: ResultsSoFar, results: JobResults
) -> None:
    """The winner is known before its test is; the test is not."""
    ranked = Ranked(results.ranking, results.fold_scores, results.best_architecture)
    later = replace(
        searching,
        trials=results.trials,
        search=results.finalists.search,
        ranked=ranked,
    )
    page = write_report_so_far(later, ReportingOptions(title="Ours"))
    text = _text(page)

    assert "Ours" in text
    assert results.best_architecture.sentence[:40] in text
    assert 'id="fold_scores_figure-data"' in page
    assert "epochs of the final fit" not in text
    assert text.count("Not known yet") == 4
