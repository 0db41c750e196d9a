"""Ranking options that cannot be are told at the door."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.ranking import RankingOptions


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"folds": 1}, "folds=1"),
        ({"repeats": 0}, "repeats=0"),
        ({"epochs": 0}, "epochs=0"),
        ({"budget_s": float("nan")}, "budget_s"),
        ({"budget_s": "all"}, "budget_s"),
        ({"rule": "smallest"}, "one_standard_error"),
        ({"fold": 3}, "did you mean 'folds'"),
        ({"finalists": 3}, "moved to nas.search.finalists"),
        ({"final_epochs": 3}, "moved to nas.export.epochs"),
    ],
)
def test_ranking_options_out_of_range_say_what_is_allowed(
    wrong: dict[str, Any], said: str
) -> None:
    """Each impossible value ends in a message that names it or what is allowed."""
    with pytest.raises(ParameterError) as raised:
        RankingOptions.parse(wrong, where="nas.ranking")

    assert said in str(raised.value)


@pytest.mark.parametrize("budget_s", ["auto", None, 30.0])
def test_ranking_budget_is_a_share_seconds_or_no_limit(budget_s: Any) -> None:
    """The three forms of a stage's budget."""
    assert RankingOptions(budget_s=budget_s).budget_s == budget_s
