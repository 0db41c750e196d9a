"""Ranking options that cannot be are told at the door."""

from __future__ import annotations

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.ranking import RankingOptions


@pytest.mark.parametrize("baseline", ["auto", "none", "my_team.models:build"])
def test_ranking_options_accept_a_baseline_that_is_built(baseline):
    """The two words and the path of a function are what a baseline may be."""
    assert RankingOptions(baseline=baseline).baseline == baseline


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"baseline": "my_team.models.build"}, "'package.module:function'"),
        ({"baseline": "my team:build"}, "'package.module:function'"),
        ({"baseline": ""}, "'auto', 'none'"),
        ({"finalists": 0}, "finalists=0"),
        ({"folds": 1}, "folds=1"),
        ({"seeds": 4}, "seeds=4"),
        ({"budget_s": float("nan")}, "budget_s"),
        ({"rule": "smallest"}, "one_standard_error"),
        ({"finalist": 3}, "did you mean 'finalists'"),
    ],
)
def test_ranking_options_out_of_range_say_what_is_allowed(wrong, said):
    """Each impossible value ends in a message that names it or what is allowed."""
    with pytest.raises(ParameterError) as raised:
        RankingOptions.parse(wrong, where="nas.ranking")

    assert said in str(raised.value)
