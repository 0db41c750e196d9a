"""Who is cross-validated, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kedro_nas.errors import RankingError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.training.cross_validation import _invited, rank_finalists


def finalists(baseline: str) -> dict[str, Any]:
    return {
        "finalists": [
            {"key": "a", "is_baseline": False},
            {"key": "b", "is_baseline": True},
        ],
        "search": {"baseline": baseline},
    }


@pytest.mark.parametrize(
    ("made", "wanted"), [("auto", "team:net"), ("team:net", "auto"), ("none", "team:n")]
)
def test_rank_finalists_with_another_baseline_than_the_search_made_is_refused(
    made: str, wanted: str, tmp_path: Path
) -> None:
    """The table would compare with a network nobody asked for."""
    with pytest.raises(RankingError, match=f"finalists with {made}") as raised:
        rank_finalists(
            None,
            {"verdict": {}},
            finalists(made),
            tmp_path,
            RankingOptions(baseline=wanted),
            SearchOptions(),
            0,
        )

    assert "Run the search stage again" in str(raised.value)


@pytest.mark.parametrize(
    ("made", "wanted", "keys"),
    [
        ("auto", "auto", "ab"),
        ("none", "auto", "ab"),
        ("team:net", "team:net", "ab"),
        ("team:net", "none", "a"),
    ],
)
def test_rank_finalists_takes_the_baseline_that_is_there_or_leaves_it_out(
    made: str, wanted: str, keys: str
) -> None:
    """Leaving the baseline out, or taking ours in, needs no new search."""
    assert [c["key"] for c in _invited(finalists(made), wanted)] == list(keys)
