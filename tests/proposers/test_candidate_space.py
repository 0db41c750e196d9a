"""Spaces that proposers can search."""

from __future__ import annotations

from kedro_nas.proposers.candidate_space import CandidateSpace, Description
from kedro_nas.proposers.network_space import NetworkSpace
from kedro_nas.testing.proposer_contract import make_space


def test_space_of_networks_has_every_member_of_the_protocol() -> None:
    """What proposers use is there, under the same names."""
    declared = {name for name in vars(CandidateSpace) if not name.startswith("_")}

    assert declared == {
        *("starts", "within", "key", "describe", "sample", "mutate", "list_all")
    }
    assert all(hasattr(NetworkSpace(make_space()), name) for name in declared)


def test_descriptions_of_equal_candidates_are_equal() -> None:
    """A description is a value."""
    assert Description((1, -1), (0.5,), (2.0,)) == Description((1, -1), (0.5,), (2.0,))
