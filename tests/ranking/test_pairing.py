"""Fold scores arranged so that contestants are compared over the same folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.finalists import build_finalist

from kedro_nas.errors import RankingError
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.statistics.paired import corrected_mean, corrected_t_test

SIZES = {"n_train": 800, "n_held_out": 200}
A, B = build_finalist("a", 500), build_finalist("b", 100)
BASELINE = build_finalist("base", 300, is_baseline=True)


def _rows(key: str, *scores: float | None) -> list[dict[str, Any]]:
    return [
        {
            "key": key, "repeat": 0, "fold": fold, "accuracy": score,
            "status": "failed" if score is None else "completed",
            "reason": "" if score is not None else "out of memory", "seconds": 2.0,
            **SIZES,
        }
        for fold, score in enumerate(scores)
    ]  # fmt: skip


def _table(rows: list[dict[str, Any]], *contestants: Any) -> FoldTable:
    return FoldTable.read(pd.DataFrame(rows), contestants, "accuracy")


def test_compare_is_over_the_folds_both_completed() -> None:
    """A fold that one of two has lost counts for neither."""
    table = _table(_rows("a", 0.9, None, 0.8) + _rows("b", 0.7, 0.9, 0.7), A, B)

    expected = corrected_t_test(np.array([0.9 - 0.7, 0.8 - 0.7]), **SIZES)
    assert table.compare("a", "b") == expected
    assert table.complete == ["b"]
    assert table.order == ["b", "a"]


def test_compare_of_fewer_than_two_shared_folds_is_none() -> None:
    """One fold cannot say how much is luck."""
    table = _table(_rows("a", 0.9, None) + _rows("b", 0.7, 0.9), A, B)

    assert table.compare("a", "b") is None


def test_means_are_corrected_for_the_folds_in_common() -> None:
    """Mean and interval are those of the corrected resampled mean."""
    table = _table(_rows("a", 0.9, 0.7, 0.8), A)

    assert table.means["a"] == corrected_mean(pd.Series([0.9, 0.7, 0.8]), **SIZES)
    assert (table.scored_on("a"), table.n_folds_of("a")) == ("3 folds", 3)
    assert table.seconds("a") == 6.0


def test_order_of_equal_means_is_by_size_and_the_baseline_is_known() -> None:
    """The smaller of equals comes first; who is the baseline does not matter."""
    rows = _rows("a", 0.8, 0.8) + _rows("b", 0.8, 0.8) + _rows("base", 0.8, 0.8)
    table = _table(rows, A, B, BASELINE)

    assert table.complete == ["b", "base", "a"]
    assert table.baseline == "base"
    assert _table(_rows("a", 0.8), A).baseline is None


def test_failures_say_how_many_folds_and_the_first_reason() -> None:
    """A contestant that lost folds is named with why."""
    table = _table(_rows("a", 0.9, None, None) + _rows("b", 0.9, 0.9, 0.9), A, B)

    assert table.failures() == "network a: 2 fold(s) failed (out of memory)"
    assert _table(_rows("b", 0.9), B).failures() == ""


def test_read_takes_the_last_row_of_a_fold_and_no_stranger() -> None:
    """A fold written twice counts once; rows of others are left out."""
    table = _table(_rows("a", 0.1) + _rows("a", 0.9) + _rows("other", 0.5), A)

    assert table.scores["a"].tolist() == [0.9]
    assert set(table.rows["key"]) == {"a"}


@pytest.mark.parametrize("contestants", [(), (A,)])
def test_read_without_contestants_or_objective_is_refused(contestants: Any) -> None:
    """The message lists the scores there are."""
    with pytest.raises(RankingError, match=r"objectives among .*accuracy"):
        FoldTable.read(pd.DataFrame(_rows("a", 0.9)), contestants, "auc")


def test_a_score_that_is_no_number_counts_as_lost() -> None:
    """An infinite loss of a fold is not averaged into a mean."""
    table = _table(_rows("a", 0.9, np.inf, 0.8), A)

    assert table.means["a"].n == 2


def test_folds_of_several_repeats_are_told_apart() -> None:
    """Fold 0 of the second drawing is another fold than that of the first."""
    rows = _rows("a", 0.9, 0.7) + [{**row, "repeat": 1} for row in _rows("a", 0.5, 0.3)]
    table = _table(rows, A)

    assert table.n_folds == 4
    assert table.means["a"].mean == pytest.approx(0.6)


def test_contestant_without_a_fold_is_last_and_cannot_be_chosen() -> None:
    """It has no mean, however small it is, and the others are compared as before."""
    table = _table(_rows("a", 0.6, 0.6) + _rows("b", None, None), A, B)

    assert table.order == ["a", "b"]
    assert table.complete == ["a"]
    assert "b" not in table.means
    assert table.compare("a", "b") is None


def test_contestant_that_was_never_begun_is_in_the_table() -> None:
    """A finalist that the plan had time for, but no worker, is shown without folds."""
    table = _table(_rows("a", 0.6, 0.6), A, B)

    assert table.order == ["a", "b"]
    assert table.n_folds == 2
    assert table.seconds("b") == 0.0


def test_one_fold_is_said_in_words() -> None:
    """Sentences of the report read `one fold`."""
    assert _table(_rows("a", 0.6), A).scored_on("a") == "one fold"


def test_size_and_split_are_those_of_a_cross_validation() -> None:
    """What the choice asks of any comparison, a table of folds answers."""
    table = _table(_rows("a", 0.6, 0.7), A)

    assert table.size("a") == float(A.params)
    assert not table.is_single_split
