"""KerasTuner's Hyperband with corrections.

The oracle, its trials and `HyperParameters` are KerasTuner's. Sizes and epochs of
brackets and rungs come from `search.ladder`. The corrections, each tested in
tests/search:

* the proposer decides the values, so no infeasible or repeated network is tried;
* a rung is complete when its members have ended, failed ones included; a failure costs
  no promotion, and halving continues when the space is exhausted;
* `seed=0` is used as given; three failures in a row do not end a search;
* trials have a place (iteration, bracket, rung, number) that does not depend on the
  number of workers, and limits count places, not trials created;
* the oracle writes no files: it is rebuilt by replaying the ledger;
* what it keeps, and the time of a proposal, do not grow with the number of trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.src.engine import trial as kt_trial

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.bracket_queue import BracketQueue
from kedro_nas.search.delayed_proposer import DelayedProposer
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.open_bracket import OpenBracket
from kedro_nas.search.promotion import Candidate, promote
from kedro_nas.search.stop_rule import ProposalsEnd
from kedro_nas.search.trial_schedule import NextTrial, Place
from kedro_nas.search.tuner_values import to_hyperparameters
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.tasks import Ancestor

OBJECTIVE = "score"


class HyperbandOracle(keras_tuner.oracles.HyperbandOracle):  # type: ignore[misc]
    """The Hyperband schedule of a search.

    Args:
        space: The search space.
        proposer: Proposes the architectures of rung 0, and decides what a proposal may
            depend on.
        ladder: Sizes and epochs of brackets and rungs.
        limits: What ends the schedule.
        immune: Keys of the architectures that are promoted to the top regardless of
            score.
        slope_places: Places of each promotion reserved for the steepest recent slopes.
        seed: Seed of the random choices that KerasTuner makes itself.

    Attributes:
        ladder: Sizes and epochs of brackets and rungs.
        recent_scores: Returns the scores by epoch of a trial, for its slope; set by the
            driver.
    """

    def __init__(
        self,
        *,
        space: SearchSpace,
        proposer: DelayedProposer,
        ladder: Ladder,
        limits: Limits,
        immune: frozenset[str] = frozenset(),
        slope_places: int,
        seed: int,
    ) -> None:
        self.ladder = ladder
        self._space = space
        self._proposer = proposer
        self._limits = limits
        self._slope_places = slope_places
        self.recent_scores: Callable[[str], list[float]] = lambda _: []
        self._places: dict[str, Place] = {}
        self._immune = immune
        self._architectures: dict[str, Architecture] = {}
        self._ancestor: Ancestor | None = None  # of the trial being created
        self._n_created = 0
        self._slots = 0  # places of all earlier brackets
        self._slot_epochs = 0
        self._brackets_open = BracketQueue()  # the base class starts the first one
        self._current_bracket: int
        self._current_iteration: int
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_epochs=ladder.max_epochs,
            factor=ladder.factor,
            hyperband_iterations=limits.iterations,
            seed=seed,
            hyperparameters=to_hyperparameters(space),
            allow_new_entries=False,
            tune_new_entries=False,
            max_consecutive_failed_trials=10**9,
        )
        self.seed = self._seed_state = seed  # KerasTuner ignores a seed of 0
        self.verbose = 0
        self.min_epochs = ladder.min_epochs

    # -- called by the driver ----------------------------------------------------

    def create(
        self,
        worker: str,
        *,
        recorded: Architecture | None = None,
        is_promotion: bool = False,
    ) -> NextTrial:
        """Return the next trial, if there is one."""
        self._ancestor = None
        self._proposer.expect(recorded, is_promotion=is_promotion)
        created = self.create_trial(worker)
        if created.status != "RUNNING":
            return NextTrial(created.status)
        trial_id = created.trial_id
        network = self._architectures[trial_id]
        return NextTrial("RUNNING", trial_id, network, self._ancestor)

    def create_trial(self, tuner_id: str) -> kt_trial.Trial:
        """Return the next trial as KerasTuner's; its status says if there is none.

        KerasTuner's own keeps a hash of the values of each trial for ever, and takes
        the number of trials it keeps for the id of the next one.
        """
        trial_id = f"{self._n_created:04d}"
        response = self.populate_space(trial_id)
        if response["status"] != kt_trial.TrialStatus.RUNNING:
            return kt_trial.Trial(self.hyperparameters, trial_id, response["status"])
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = response["values"]
        trial = kt_trial.Trial(hyperparameters, trial_id, response["status"])
        self._n_created += 1
        self.ongoing_trials[trial_id] = self.trials[trial_id] = trial
        return trial

    def end(self, trial_id: str, *, score: float | None, reason: str = "") -> None:
        """End a trial with its score, or as failed when the score is None."""
        trial = self.trials[trial_id]
        if score is None or math.isnan(score):
            trial.status, trial.message = kt_trial.TrialStatus.FAILED, reason
        else:
            trial.status, trial.score = kt_trial.TrialStatus.COMPLETED, score
        self.end_trial(trial)

    def end_trial(self, trial: kt_trial.Trial) -> None:
        """Note that a trial has ended with the status and the score it has."""
        del self.ongoing_trials[trial.trial_id]
        place = self._places[trial.trial_id]
        bracket = self._brackets_open.find(place)
        bracket.end(place.rung, place.number)
        self._advance(bracket)

    def forget_complete(self) -> list[str]:
        """Forget the trials of the brackets in which nothing is left to do.

        Returns:
            Names of their places; the methods here know them no longer.
        """
        names = []
        for bracket in self._brackets_open.take_complete():
            for trial_id in (one for rung in bracket.rungs for one in rung):
                names.append(self._places.pop(trial_id).name)
                del self.trials[trial_id], self._architectures[trial_id]
        return names

    def tell(self, trial_id: str, outcome: ProposalOutcome[Architecture]) -> None:
        """Pass the outcome of a trial to the proposer, in the order of places."""
        place = self._places[trial_id]
        bracket = self._brackets_open.find(place)
        position = bracket.position(place.rung, place.number)
        self._proposer.hold(position, outcome)

    def place(self, trial_id: str) -> Place:
        """Return where a trial stands in the schedule."""
        return self._places[trial_id]

    def architecture(self, trial_id: str) -> Architecture:
        """Return the network of a trial."""
        return self._architectures[trial_id]

    def parent(self, trial_id: str) -> str | None:
        """Return the trial of the rung below, None on rung 0."""
        values = self.trials[trial_id].hyperparameters.values
        parent: str | None = values.get("tuner/trial_id")
        return parent

    def eliminated_by(self, trial_id: str) -> list[str]:
        """Return the trials that this trial's promotion has eliminated.

        All members of the rung below that were not promoted, known as soon as the
        first promotion is made.
        """
        place, parent = self._places[trial_id], self.parent(trial_id)
        if parent is None or place.number > 0:
            return []
        bracket = self._brackets_open.find(place)
        chosen = set(bracket.promoted[place.rung])
        below = bracket.rungs[place.rung - 1]
        return [member for member in below if member not in chosen]

    def rung_epochs(self, bracket: int, rung: int) -> int:
        """Return the cumulative epochs at the end of a rung."""
        return self.ladder.epochs_at(bracket, rung)

    def n_rungs(self, bracket: int) -> int:
        """Return the number of rungs of a bracket."""
        return len(self.ladder.bracket(bracket).rungs)

    def proposals_ended_by(self) -> ProposalsEnd | None:
        """Return why no more networks are proposed, None if more would be."""
        return self._proposer.ended_by()

    def is_required(self, trial_id: str) -> bool:
        """Return whether a trial is the first, needed to have anything to rank."""
        return self._places[trial_id] == Place(0, self.ladder.numbers[0], 0, 0)

    # -- called by KerasTuner ----------------------------------------------------

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the values of the next trial, or the status if there is none."""
        while True:
            newest = self._brackets_open.newest
            earlier = self._brackets_open.promotable()
            if earlier is not None and earlier is not newest:
                return self._promotion(earlier, trial_id)
            if newest.has_room() and not self._waits(newest):
                place = newest.position(0, len(newest.rungs[0]))
                architecture = self._proposer.ask(place)
                if architecture is not None:
                    return self._proposal(newest, trial_id, architecture)
                newest.is_exhausted = True
                self._advance(newest)
            if newest.next_promotion() is not None:
                return self._promotion(newest, trial_id)
            # a later bracket would wait for the same outcomes and more
            if not self._may_open() or self._waits(newest):
                return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}
            self._increment_bracket_num()
            self._start_new_bracket()

    def _proposal(
        self, bracket: OpenBracket, trial_id: str, architecture: Architecture
    ) -> dict[str, Any]:
        self._architectures[trial_id] = architecture
        self._ancestor = self._proposer.ancestor_of(architecture)
        return self._put(bracket, 0, trial_id, dict(self._space.encode(architecture)))

    def _promotion(self, bracket: OpenBracket, trial_id: str) -> dict[str, Any]:
        promotion = bracket.next_promotion()
        assert promotion is not None
        rung, parent = promotion
        self._architectures[trial_id] = self._architectures[parent]
        values = dict(self.trials[parent].hyperparameters.values)
        values["tuner/trial_id"] = parent
        return self._put(bracket, rung, trial_id, values)

    def _put(
        self, bracket: OpenBracket, rung: int, trial_id: str, values: dict[str, Any]
    ) -> dict[str, Any]:
        number, step = bracket.bracket.number, bracket.bracket.rungs[rung]
        self._places[trial_id] = Place(
            bracket.iteration, number, rung, bracket.put(rung, trial_id)
        )
        values |= {
            "tuner/epochs": step.epochs,
            "tuner/initial_epoch": step.epoch_start,
            "tuner/bracket": number,
            "tuner/round": rung,
        }
        return {"status": "RUNNING", "values": values}

    def _advance(self, bracket: OpenBracket) -> None:
        """Promote from each rung of a bracket that has become closed."""
        for rung in range(1, len(bracket.rungs)):
            if not bracket.is_closed(rung - 1):
                break
            if rung not in bracket.promoted:
                bracket.promoted[rung] = self._promote(bracket, rung)
        self._brackets_open.note(bracket)

    def _promote(self, bracket: OpenBracket, rung: int) -> list[str]:
        members = [self.trials[member] for member in bracket.rungs[rung - 1]]
        candidates = [
            Candidate(
                t.trial_id,
                float(t.score),
                self.recent_scores(t.trial_id),
                is_immune=self._architectures[t.trial_id].key in self._immune,
            )
            for t in members
            if t.status == kt_trial.TrialStatus.COMPLETED
        ]
        places = bracket.bracket.rungs[rung].size
        return promote(candidates, places=places, slope_places=self._slope_places)

    def _waits(self, bracket: OpenBracket) -> bool:
        """Return whether the next proposal needs outcomes that are not there yet."""
        if not bracket.has_room() or self._proposer.is_recorded:
            return False
        position = bracket.position(0, len(bracket.rungs[0]))
        needed = self._proposer.needs_places_before(position)
        return needed > 0 and self._brackets_open.settled_places() < needed

    def _may_open(self) -> bool:
        limits = self._limits
        if self._proposer.is_over():
            return False
        if (
            limits.iterations is not None
            and self._current_bracket == self.ladder.numbers[-1]
            and self._current_iteration + 1 >= limits.iterations
        ):
            return False
        return (limits.max_trials is None or self._slots < limits.max_trials) and (
            limits.max_epochs_total is None
            or self._slot_epochs < limits.max_epochs_total
        )

    def _increment_bracket_num(self) -> None:
        """Start the next bracket; after the last one, the next iteration."""
        numbers = self.ladder.numbers
        position = numbers.index(self._current_bracket) + 1
        self._current_iteration += position // len(numbers)
        self._current_bracket = numbers[position % len(numbers)]

    def _start_new_bracket(self) -> None:
        number = self._current_bracket
        opened = OpenBracket(
            iteration=self._current_iteration,
            bracket=self.ladder.bracket(number),
            slots=self._slots,
            slot_epochs=self._slot_epochs,
            limits=self._limits,
        )
        self._brackets_open.start(opened)
        self._advance(opened)  # without any room it is complete at once
        self._slots += self.ladder.bracket(number).n_trials
        self._slot_epochs += self.ladder.bracket(number).epochs_trained

    def _get_num_brackets(self) -> int:
        return self.ladder.n_brackets

    def _get_size(self, bracket_num: int, round_num: int) -> int:
        return self.ladder.size_of(bracket_num, round_num)

    def _get_epochs(self, bracket_num: int, round_num: int) -> int:
        return self.ladder.epochs_at(bracket_num, round_num)
