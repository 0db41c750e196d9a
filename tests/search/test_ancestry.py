"""A network starts with the function of the best one that it is a growth of."""

from __future__ import annotations

from collections.abc import Callable

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.ancestry import MOST_ANCESTORS, Ancestry
from kedro_nas.space.architecture import Architecture

Numbered = Callable[[int], Architecture]


def _outcome(
    network: Architecture, score: float | None, epochs: int = 3
) -> ProposalOutcome[Architecture]:
    trial = f"t{network.stages[0].width}-{epochs}"
    return ProposalOutcome(network, score, epochs=epochs, trial=trial)


def _ancestry(*outcomes: ProposalOutcome[Architecture]) -> Ancestry:
    ancestry = Ancestry(is_on=True)
    for outcome in outcomes:
        ancestry.add(outcome)
    return ancestry


def test_ancestor_is_the_best_smaller_network(numbered: Numbered) -> None:
    """Of the networks that are no wider the best one, as trained on its last rung."""
    ancestry = _ancestry(
        _outcome(numbered(4), 0.5),
        _outcome(numbered(6), 0.7),
        _outcome(numbered(6), 0.8, epochs=9),
        _outcome(numbered(9), 0.9),
    )
    chosen = ancestry.choose(numbered(8))

    assert chosen is not None
    assert (chosen.task_id, chosen.epochs) == ("t6-9", 9)
    assert chosen.architecture == numbered(6)


def test_ancestor_needs_a_score_and_a_smaller_network(numbered: Numbered) -> None:
    """A failed training has no weights, and a network is no growth of itself."""
    ancestry = _ancestry(_outcome(numbered(4), None), _outcome(numbered(8), 0.5))

    assert ancestry.choose(numbered(8)) is None
    assert Ancestry().choose(numbered(9)) is None


def test_ancestors_of_ancestors_count_their_epochs(numbered: Numbered) -> None:
    """A network grown twice has had the epochs of all three."""
    ancestry = _ancestry(_outcome(numbered(2), 0.5, epochs=3))
    ancestry.choose(numbered(4))
    ancestry.add(_outcome(numbered(4), 0.6, epochs=5))
    chosen = ancestry.choose(numbered(7))

    assert chosen is not None
    assert chosen.ancestor is not None
    assert chosen.ancestor.task_id == "t2-3"
    assert chosen.all_epochs == 8


def test_ancestry_keeps_the_best_only(numbered: Numbered) -> None:
    """A long search does not look at every network it has trained."""
    ancestry = _ancestry(
        *(_outcome(numbered(2 + i), i / 100) for i in range(MOST_ANCESTORS + 5))
    )

    assert len(ancestry._best) == MOST_ANCESTORS
    assert ancestry.choose(numbered(4)) is None  # those of width 2 and 3 are forgotten
