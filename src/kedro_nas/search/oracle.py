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
* the oracle writes no files: it is rebuilt by replaying the ledger.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras_tuner
from keras_tuner.src.engine import trial as kt_trial

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.delayed_proposer import DelayedProposer
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.open_bracket import OpenBracket
from kedro_nas.search.promotion import Candidate, promote
from kedro_nas.search.trial_schedule import NextTrial, Place, ProposalsEnd
from kedro_nas.search.tuner_values import to_hyperparameters
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace

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
        self._slots = 0  # places of all earlier brackets
        self._slot_epochs = 0
        self._brackets: list[OpenBracket]  # the base class starts the first one
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

    def create(self, worker: str, *, recorded: Architecture | None = None) -> NextTrial:
        """Return the next trial, if there is one."""
        self._proposer.expect(recorded)
        with _quiet():
            created = self.create_trial(worker)
        if created.status != "RUNNING":
            return NextTrial(created.status)
        architecture = self._space.decode(created.hyperparameters.values)
        self._architectures[created.trial_id] = architecture
        return NextTrial("RUNNING", created.trial_id, architecture)

    def end(self, trial_id: str, *, score: float | None, reason: str = "") -> None:
        """End a trial with its score, or as failed when the score is None."""
        trial = self.trials[trial_id]
        with _quiet():
            if score is None:
                trial.status, trial.message = kt_trial.TrialStatus.FAILED, reason
            else:
                self.update_trial(trial_id, {OBJECTIVE: score})
                trial.status = kt_trial.TrialStatus.COMPLETED
            self.end_trial(trial)

    def tell(self, trial_id: str, outcome: ProposalOutcome[Architecture]) -> None:
        """Pass the outcome of a trial to the proposer, in the order of places."""
        place = self._places[trial_id]
        self._proposer.hold(self._position(self._bracket_of(place), place), outcome)

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
        bracket = self._bracket_of(place)
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
        if any(bracket.is_exhausted for bracket in self._brackets):
            return self._proposer.stop_reason() or "space exhausted"
        return None

    def is_required(self, trial_id: str) -> bool:
        """Return whether a trial is the first, needed to have anything to rank."""
        return self._places[trial_id] == Place(0, self.ladder.numbers[0], 0, 0)

    # -- called by KerasTuner ----------------------------------------------------

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the values of the next trial, or the status if there is none."""
        for bracket in self._brackets:
            values = self._next_in(bracket, trial_id)
            if values is not None:
                return {"status": "RUNNING", "values": values}
        # a later bracket would wait for the same outcomes and more
        while self._may_open() and not self._waits(self._brackets[-1]):
            self._increment_bracket_num()
            self._start_new_bracket()
            values = self._next_in(self._brackets[-1], trial_id)
            if values is not None:
                return {"status": "RUNNING", "values": values}
        return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}

    def _next_in(self, bracket: OpenBracket, trial_id: str) -> dict[str, Any] | None:
        values = self._propose(bracket, trial_id)
        if values is not None:
            return values
        for rung in range(1, len(bracket.rungs)):
            if not self._closed(bracket, rung - 1):
                return None
            if rung not in bracket.promoted:
                bracket.promoted[rung] = self._promote(bracket, rung)
            promoted, members = bracket.promoted[rung], bracket.rungs[rung]
            if len(members) < len(promoted) and self._within(bracket, rung):
                return self._promotion(bracket, rung, promoted[len(members)], trial_id)
        return None

    def _propose(self, bracket: OpenBracket, trial_id: str) -> dict[str, Any] | None:
        if not self._has_room(bracket) or self._waits(bracket):
            return None
        architecture = self._proposer.ask(bracket.slots + len(bracket.rungs[0]))
        if architecture is None:
            bracket.is_exhausted = True
            return None
        values = dict(self._space.encode(architecture))
        return self._put(bracket, 0, trial_id, values)

    def _promotion(
        self, bracket: OpenBracket, rung: int, parent: str, trial_id: str
    ) -> dict[str, Any]:
        values = dict(self.trials[parent].hyperparameters.values)
        values["tuner/trial_id"] = parent
        return self._put(bracket, rung, trial_id, values)

    def _put(
        self,
        bracket: OpenBracket,
        rung: int,
        trial_id: str,
        values: dict[str, Any],
    ) -> dict[str, Any]:
        number, members = bracket.number, bracket.rungs[rung]
        place = Place(bracket.iteration, number, rung, len(members))
        self._places[trial_id] = place
        members.append(trial_id)
        step = self.ladder.bracket(number).rungs[rung]
        return {
            **values,
            "tuner/epochs": step.epochs,
            "tuner/initial_epoch": step.epoch_start,
            "tuner/bracket": number,
            "tuner/round": rung,
        }

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
        places = self.ladder.size_of(bracket.number, rung)
        return promote(candidates, places=places, slope_places=self._slope_places)

    def _has_room(self, bracket: OpenBracket) -> bool:
        """Return whether rung 0 takes another network."""
        return not self._full(bracket) and self._within(bracket, 0)

    def _full(self, bracket: OpenBracket) -> bool:
        size = self.ladder.size_of(bracket.number, 0)
        return bracket.is_exhausted or len(bracket.rungs[0]) >= size

    def _closed(self, bracket: OpenBracket, rung: int) -> bool:
        """Return whether a rung is full and all its trials have ended."""
        members = bracket.rungs[rung]
        if rung == 0:
            whole = not self._has_room(bracket)
        else:
            whole = len(members) == len(bracket.promoted.get(rung, [""]))
        return whole and all(map(self._has_ended, members))

    def _has_ended(self, trial_id: str) -> bool:
        ended = (kt_trial.TrialStatus.COMPLETED, kt_trial.TrialStatus.FAILED)
        return self.trials[trial_id].status in ended

    # -- what a proposal may depend on ----------------------------------------------

    def _bracket_of(self, place: Place) -> OpenBracket:
        return next(
            one
            for one in self._brackets
            if (one.iteration, one.number) == (place.iteration, place.bracket)
        )

    def _position(self, bracket: OpenBracket, place: Place) -> int:
        """Return the number of places before a place, used or not."""
        rungs = self.ladder.bracket(bracket.number).rungs[: place.rung]
        return bracket.slots + sum(rung.size for rung in rungs) + place.number

    def _waits(self, bracket: OpenBracket) -> bool:
        """Return whether the next proposal needs outcomes that are not there yet."""
        if not self._has_room(bracket):
            return False
        position = bracket.slots + len(bracket.rungs[0])
        needed = self._proposer.needs_places_before(position)
        return not all(
            self._are_settled(one, needed - one.slots) for one in self._brackets
        )

    def _are_settled(self, bracket: OpenBracket, n_places: int) -> bool:
        """Return whether the first places of a bracket have ended or stay empty."""
        for rung, members in enumerate(bracket.rungs):
            if n_places <= 0:
                break
            size = self.ladder.size_of(bracket.number, rung)
            first = members[:n_places]
            is_short = len(first) < min(size, n_places)
            if is_short and not self._closed(bracket, rung):
                return False
            if not all(map(self._has_ended, first)):
                return False
            n_places -= size
        return True

    # -- limits, counted in places, independent of the number of workers -----------

    def _within(self, bracket: OpenBracket, rung: int) -> bool:
        """Return whether the next place of a rung is within the limits."""
        trials, epochs = bracket.slots, bracket.slot_epochs
        number = bracket.number
        here = len(bracket.rungs[rung])
        rungs = self.ladder.bracket(number).rungs
        trials += sum(each.size for each in rungs[:rung]) + here + 1
        epochs += sum(each.epochs_trained for each in rungs[:rung])
        epochs += rungs[rung].epochs_each * (here + 1)
        limits = self._limits
        return (limits.max_trials is None or trials <= limits.max_trials) and (
            limits.max_epochs_total is None or epochs <= limits.max_epochs_total
        )

    def _may_open(self) -> bool:
        limits = self._limits
        last = self._brackets[-1]
        if last.is_exhausted:
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
        self._brackets.append(
            OpenBracket(
                iteration=self._current_iteration,
                number=number,
                rungs=[[] for _ in self.ladder.bracket(number).rungs],
                slots=self._slots,
                slot_epochs=self._slot_epochs,
            )
        )
        self._slots += self.ladder.bracket(number).n_trials
        self._slot_epochs += self.ladder.bracket(number).epochs_trained

    def _get_num_brackets(self) -> int:
        return self.ladder.n_brackets

    def _get_size(self, bracket_num: int, round_num: int) -> int:
        return self.ladder.size_of(bracket_num, round_num)

    def _get_epochs(self, bracket_num: int, round_num: int) -> int:
        return self.ladder.epochs_at(bracket_num, round_num)

    # -- the ledger is the state --------------------------------------------------

    def _check_consecutive_failures(self) -> None:
        """Do nothing: KerasTuner's check is quadratic, and the driver has its own."""

    def save(self) -> None:
        """Write nothing: the driver's ledger is the state."""

    def _save_trial(self, trial: kt_trial.Trial) -> None:
        """Write nothing: the driver's ledger is the state."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence KerasTuner's call of a deprecated threading function."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)
        yield
