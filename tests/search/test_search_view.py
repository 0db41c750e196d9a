"""`kedro_nas.search.search_view`: a search at one moment."""

from __future__ import annotations

from dataclasses import replace

from tests.ledgers import HEAD, created, ended, epoch, started

from kedro_nas.search.ledger_lines import LedgerLine
from kedro_nas.search.search_view import N_BEST, SearchView, view_search
from kedro_nas.search.trial_progress import SearchProgressReader, TrialProgress

FIRST_RUNG = [
    *(created("a"), started("a"), ended("a", 0.4, 0.5)),
    *(created("b"), started("b", worker=1), ended("b", 0.2, 0.3)),
    *(created("c"), started("c"), ended("c", reason="no memory")),
]
SECOND_RUNG = [
    *(created("d", rung=1, parent="a"), started("d", worker=1)),
    epoch("d", 3, 0.6, worker=1),
]


def _view(lines: list[LedgerLine]) -> SearchView:
    return view_search(SearchProgressReader().add([*HEAD, *lines]))


def test_view_counts_the_trials_of_each_rung() -> None:
    """What runs, what is done, what failed, and how good it was."""
    first, second = _view([*FIRST_RUNG, *SECOND_RUNG]).rungs

    assert (first.completed, first.failed, first.running) == (2, 1, 0)
    assert (first.median, first.best, first.epochs) == (0.4, 0.5, 2)
    assert (second.rung, second.running, second.best) == (1, 1, None)


def test_view_joins_a_curve_to_that_of_the_rung_below() -> None:
    """A promoted network has one curve, as in the report."""
    (training,) = _view([*FIRST_RUNG, *SECOND_RUNG]).training

    assert (training.trial, training.worker) == ("d", 1)
    assert training.scores == (0.4, 0.5, 0.6)
    assert (training.epoch, training.epochs, training.score) == (3, 4, None)


def test_view_lists_the_best_trial_of_each_network_once() -> None:
    """A network is not listed for each of its rungs; the list is short."""
    (one,) = _view([*FIRST_RUNG, *SECOND_RUNG]).best
    (trial,) = SearchProgressReader().add([*HEAD, *FIRST_RUNG[:3]])
    many = view_search(_other_network(trial, number) for number in range(9)).best

    assert (one.trial, one.score) == ("a", 0.5)
    assert [best.score for best in many] == [0.8, 0.7, 0.6, 0.5, 0.4]
    assert len(many) == N_BEST


def test_view_shows_the_curve_of_what_is_maximised() -> None:
    """F1, and accuracy with floors of recall, are not shown as plain accuracy."""
    trial = SearchProgressReader().add([*HEAD, *FIRST_RUNG[:3]])[0]
    scored = replace(trial.row, val_objective_score_by_epoch=[0.1, None, 0.2])
    shown = replace(trial, row=scored)

    assert view_search([trial]).best[0].scores == (0.4, 0.5)
    assert view_search([trial], "macro_f1").best[0].scores == ()
    assert view_search([shown], "macro_f1").best[0].scores == (0.1, 0.2)
    assert view_search([shown], "accuracy").best[0].scores == (0.1, 0.2)


def _other_network(trial: TrialProgress, number: int) -> TrialProgress:
    """Give the trial of another network with another score."""
    row = replace(
        trial.row,
        trial_id=f"t{number}",
        network_key=f"k{number}",
        score=number / 10,
    )
    return replace(trial, row=row)


def test_view_before_the_first_trial_is_empty() -> None:
    """While the machine is measured there is nothing to show, and no error."""
    assert _view([]) == SearchView((), (), ())
