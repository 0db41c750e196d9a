"""Chance as a proposer: beyond the contract all proposers keep."""

from __future__ import annotations

from kedro_nas.proposers.random import RandomProposer
from kedro_nas.testing.proposer_contract import make_space, outcome_of_key


def test_ask_depends_on_what_was_proposed_not_on_how_it_got_there():
    """A proposal depends on seed, number and predecessors, not on the process."""
    space = make_space()
    whole = RandomProposer(space, 0)
    asked = [whole.ask(space.bounds) for _ in range(8)]
    again = RandomProposer(space, 0)
    for architecture in asked[:5]:
        again.repeat(architecture)

    assert [again.ask(space.bounds) for _ in range(3)] == asked[5:]


def test_ask_of_a_large_but_bounded_space_ends():
    """A space with many codes and one network that fits ends cleanly, too."""
    space = make_space(
        n_stages=[2],
        depth=[1],
        attention=["none"],
        blocks=["conv"],
        kernel_size=[3],
        dropout=[0.0],
        learning_rate=[0.002],
        pooling=["average"],
        stem_kernel_size=[3],
        stride=[2],
        max_params=22_000,
    )
    proposer = RandomProposer(space, 0)
    asked = []
    while (architecture := proposer.ask(space.bounds)) is not None:
        asked.append(architecture)

    assert 0 < len(asked) == len({architecture.key for architecture in asked})
    assert all(space.is_feasible(architecture)[0] for architecture in asked)


def test_tell_changes_no_proposal():
    """Chance learns nothing from scores, so none has to be waited for."""
    space = make_space()
    told, untold = RandomProposer(space, 3), RandomProposer(space, 3)
    for _ in range(6):
        architecture = told.ask(space.bounds)
        told.tell(outcome_of_key(architecture))
        assert untold.ask(space.bounds) == architecture

    assert not told.learns
