"""Tests that every proposer has to pass, to inherit."""

from __future__ import annotations

from functools import cache

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds, DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace, build_search_space

_N_PROPOSALS = 16


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

    def test_proposals_repeated_to_another_process_continue_the_sequence(self) -> None:
        """A search that was killed continues as if it had not been."""
        space = make_space()
        whole = self.make(space, 4)
        asked = propose(whole, _N_PROPOSALS, limits=space.bounds)
        again = self.make(space, 4)
        for architecture in asked:
            again.repeat(architecture)
            again.tell(outcome_of_key(architecture))

        expected = propose(whole, 3, limits=space.bounds)
        assert propose(again, 3, limits=space.bounds) == expected

    def test_limits_of_a_proposal_are_kept(self) -> None:
        """What this machine cannot afford is not proposed, from the first question."""
        space = make_space()
        limits = space.bounds.model_copy(update={"max_macs": 5_000_000})
        asked = propose(self.make(space, 1), 12, limits=limits)[len(space.anchors) :]

        assert all(costs(one).macs <= 5_000_000 for one in asked)

    def test_any_number_of_workers_gives_the_same_search(self) -> None:
        """Whichever training ends first, places get the networks they got with one."""
        space = make_space()
        alone, two, eight = (
            run_schedule(space, self.make(space, 5), workers=workers, seed=workers)
            for workers in (1, 2, 8)
        )

        assert len(alone) == 20
        assert two == alone
        assert eight == alone

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
        assert proposer.ask(space.bounds) is None


def make_space(**options: object) -> SearchSpace:
    """Return a search space over 28x28x1 images of 10 classes.

    Args:
        **options: Fields of `SearchSpaceOptions`.
    """
    return _default_space() if not options else _make_space(**options)


@cache
def _default_space() -> SearchSpace:
    return _make_space()  # which takes a second


def _make_space(**options: object) -> SearchSpace:
    data = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)
    chosen = SearchSpaceOptions.model_validate({"preset": "cpu", **options})
    return build_search_space(chosen, data, seed=0)


def propose(
    proposer: Proposer, n_proposals: int, *, limits: Bounds | None = None
) -> list[Architecture]:
    """Ask for proposals, telling for each a score that depends on its key alone.

    Args:
        proposer: The proposer.
        n_proposals: How many.
        limits: Given with each question; None for those of `make_space`.
    """
    asked = []
    for _ in range(n_proposals):
        architecture = proposer.ask(limits or make_space().bounds)
        assert architecture is not None
        proposer.tell(outcome_of_key(architecture))
        asked.append(architecture)
    return asked


def outcome_of_key(
    architecture: Architecture, *, rung: int = 0, epochs: int = 1
) -> ProposalOutcome[Architecture]:
    """Return an outcome that depends on the key alone; one in seven has failed."""
    number = int(architecture.key, 16)
    score = None if number % 7 == 0 else number % 1_000 / 1_000
    return ProposalOutcome(architecture, score, rung=rung, epochs=epochs)


def run_schedule(
    space: SearchSpace, proposer: Proposer, *, workers: int, seed: int
) -> dict[str, str]:
    """Run Hyperband with scripted workers that end in random order.

    Args:
        space: The search space.
        proposer: Proposes the networks.
        workers: Trainings at a time.
        seed: Of the order in which they end.

    Returns:
        Key of the network by the name of its place.
    """
    from kedro_nas.search.delayed_proposer import DelayedProposer
    from kedro_nas.search.ladder import Ladder, Limits
    from kedro_nas.search.oracle import HyperbandOracle

    oracle = HyperbandOracle(
        space=space,
        proposer=DelayedProposer(proposer, lag=8, limits=space.bounds),
        ladder=Ladder(1, 9, 3),
        limits=Limits(iterations=1, max_trials=None, max_epochs_total=None),
        slope_places=0,
        seed=0,
    )
    rng = generator(seed, "order of ends")
    running: list[str] = []
    found: dict[str, str] = {}
    while True:
        created = oracle.create(f"place-{len(found)}")
        if created.architecture is not None:
            running.append(created.trial_id)
            place = oracle.place(created.trial_id)
            found[place.name] = created.architecture.key
            if len(running) < workers:
                continue
        if not running:
            return found
        trial_id = running.pop(int(rng.integers(len(running))))
        place = oracle.place(trial_id)
        outcome = outcome_of_key(
            oracle.architecture(trial_id),
            rung=place.rung,
            epochs=oracle.rung_epochs(place.bracket, place.rung),
        )
        oracle.end(trial_id, score=outcome.score)
        oracle.tell(trial_id, outcome)
