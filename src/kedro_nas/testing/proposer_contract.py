"""Tests that every proposer has to pass, to inherit."""

from __future__ import annotations

import json

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.proposers.base import Proposer
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace, build_search_space

_N_PROPOSALS = 25


class ProposerContract:
    """Tests of a proposer: override `make` in a subclass; pytest collects the tests."""

    def make(self, space: SearchSpace, seed: int) -> Proposer:
        """Return a new proposer."""
        raise TypeError("a subclass of ProposerContract makes its proposer")

    def test_anchors_are_proposed_first(self) -> None:
        """Candidate 0 and the other anchors are proposed before anything else."""
        space = make_space()
        asked = propose(self.make(space, 0), len(space.anchors))

        assert asked == list(space.anchors)

    def test_no_proposal_is_made_twice(self) -> None:
        """Each network and recipe is proposed once."""
        asked = propose(self.make(make_space(), 0), _N_PROPOSALS)

        assert len({architecture.key for architecture in asked}) == _N_PROPOSALS

    def test_every_proposal_fits_the_bounds(self) -> None:
        """No proposal exceeds a bound of the search space."""
        space = make_space()

        assert all(
            space.is_feasible(a)[0] for a in propose(self.make(space, 1), _N_PROPOSALS)
        )

    def test_same_seed_and_scores_give_the_same_proposals(self) -> None:
        """Random draws depend on the seed alone."""
        first = propose(self.make(make_space(), 2), _N_PROPOSALS)

        assert propose(self.make(make_space(), 2), _N_PROPOSALS) == first
        assert propose(self.make(make_space(), 3), _N_PROPOSALS) != first

    def test_state_read_back_from_json_continues_the_sequence(self) -> None:
        """A search that was killed continues as if it had not been."""
        whole = self.make(make_space(), 4)
        propose(whole, _N_PROPOSALS)
        again = self.make(make_space(), 4)
        again.set_state(json.loads(json.dumps(whole.get_state())))

        assert propose(again, 5) == propose(whole, 5)

    def test_exhausted_space_ends_with_none(self) -> None:
        """All of a small space is proposed once, then None is returned."""
        space = make_space(
            n_stages=[2],
            blocks=["conv"],
            attention=["none"],
            kernel_size=[3],
            width=[32, 48],
            depth=[1],
            stride=[2],
            stem_width=[16],
            stem_kernel_size=[3],
            pooling=["average"],
            dropout=[0.0],
            learning_rate=[0.002],
            augmentation=["none"],
        )
        asked = propose(self.make(space, 0), 4)

        assert len({architecture.key for architecture in asked}) == 4
        proposer = self.make(space, 0)
        propose(proposer, 4)
        assert proposer.ask() is None


def make_space(**options: object) -> SearchSpace:
    """Return a search space over 28x28x1 images of 10 classes.

    Args:
        **options: Fields of `SearchSpaceOptions`.
    """
    data = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)
    chosen = SearchSpaceOptions.model_validate({"preset": "cpu", **options})
    return build_search_space(chosen, data, seed=0)


def propose(proposer: Proposer, n_proposals: int) -> list[Architecture]:
    """Ask for proposals, telling for each a score that depends on its key alone."""
    asked = []
    for _ in range(n_proposals):
        architecture = proposer.ask()
        assert architecture is not None
        score = int(architecture.key, 16) % 1_000 / 1_000
        proposer.tell(architecture, score=score, epochs=1)
        asked.append(architecture)
    return asked
