"""Proposals that are chosen together."""

from __future__ import annotations

import pytest

from kedro_nas.proposers.proposal_batch import (
    MOST_PENDING,
    MOST_TOGETHER,
    UNDER_WAY_FOR_EACH,
    ProposalBatch,
)


@pytest.mark.parametrize(
    ("under_way", "size"), [(0, 1), (8, 1), (31, 1), (64, 4), (10**6, MOST_TOGETHER)]
)
def test_batch_is_larger_where_more_is_under_way(under_way: int, size: int) -> None:
    """With the default of eight places behind each proposal is chosen by itself."""
    batch = ProposalBatch.begin(5, 3, range(under_way))

    assert UNDER_WAY_FOR_EACH == 16
    assert batch.size == size
    assert (batch.start, batch.n_outcomes) == (5, 3)


def test_batch_knows_which_proposals_it_holds() -> None:
    """Those from its first one on, as many as its size."""
    batch = ProposalBatch.begin(100, 0, range(64))

    assert [batch.holds(number) for number in (100, 103, 104)] == [True, True, False]


def test_batch_keeps_the_newest_of_what_is_under_way() -> None:
    """As many as the model can be conditioned on in little time."""
    batch = ProposalBatch.begin(0, 0, range(1_000))

    assert list(batch.pending) == list(range(1_000 - MOST_PENDING, 1_000))
    assert batch.since == set()
    assert batch.chosen is None
