"""The lines of a search's ledger: a frozen record for each kind of event."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, TypeAdapter

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.environment import Environment
from kedro_nas.records.budget import PlanKind
from kedro_nas.records.search import Execution, FlipEffect
from kedro_nas.search.ladder import Ladder
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Epoch, Outcome


class Line(BaseModel):
    """What all lines of a ledger have in common; fields of other versions are ignored.

    Attributes:
        t: Seconds on the search's clock; set by the ledger when the line is written.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    t: float = 0.0


class SearchIdentity(RootModel[dict[str, JsonValue]]):
    """Values that must stay the same when a search is resumed, by name."""

    model_config = ConfigDict(frozen=True)

    def changes_since(self, before: SearchIdentity) -> list[str]:
        """Return a clause for each value that differs from an earlier identity.

        >>> SearchIdentity({"seed": 1}).changes_since(SearchIdentity({"seed": 0}))
        ['seed was 0, is 1']
        """
        return [
            f"{name} was {before.root.get(name)}, is {value}"
            for name, value in self.root.items()
            if before.root.get(name) != value
        ]


class SearchBegun(Line):
    """The first line: what is searched, and where.

    Attributes:
        belongs: Settings and data of the search.
        seed: The root seed.
        objective: Score that is maximised.
        n_scored: Effective number of validation images behind a score, see
            `search.validation.count_scored`.
        environment: Versions, hardware and command.
    """

    event: Literal["begun"] = "begun"
    belongs: SearchIdentity
    seed: int
    objective: str = "accuracy"
    n_scored: float | None = None
    environment: Environment = Environment()


class SessionBegun(Line):
    """A process runs the search from here on.

    Attributes:
        pid: Its id, see `ProcessIdentity`, like the two fields below.
        host: Name of the machine or container.
        process_start: When the process started.
        budget_s: Seconds of the search, all sessions; None for no limit.
    """

    event: Literal["session"] = "session"
    pid: int | None = None
    host: str | None = None
    process_start: str | None = None
    budget_s: float | None = None


class SessionEnded(Line):
    """The search came to its end.

    Attributes:
        ended_by: What ended it, see `Driver.run`.
    """

    event: Literal["session_end"] = "session_end"
    ended_by: str


class ExecutionMeasured(Line):
    """How gradient steps are run on this GPU; see `training.step_timing.Measured`.

    Attributes:
        execution: Compilation and precision of the steps.
        batch_size: Images per gradient step.
        images_per_s: Speed of each probe.
    """

    event: Literal["measured"] = "measured"
    execution: Execution
    batch_size: int
    images_per_s: dict[str, float | None] = Field(default_factory=dict)


class SpeedMeasured(Line):
    """The speed of this machine, with the fields of `MachineSpeed`.

    Attributes:
        start_s: Seconds a worker takes to import TensorFlow.
        epoch_s: Seconds of an epoch of candidate 0.
        steps_per_epoch: Gradient steps of such an epoch.
        workers: Training processes.
        cost_exponent: Of the multiply-adds in the seconds of a step; 1 in files of
            earlier versions.
    """

    event: Literal["speed"] = "speed"
    start_s: float
    epoch_s: float
    steps_per_epoch: int
    workers: int
    cost_exponent: float = 1.0

    @property
    def speed(self) -> MachineSpeed:
        """The speed."""
        return MachineSpeed(
            start_s=self.start_s,
            epoch_s=self.epoch_s,
            steps_per_epoch=self.steps_per_epoch,
            workers=self.workers,
            cost_exponent=self.cost_exponent,
        )


class TrialsPlanned(Line):
    """What the search trains; see `search.trial_plan`.

    Attributes:
        kind: A race of proven networks, or a search of the space.
        max_macs: Multiply-adds that the budget affords, None without a budget.
        epochs: Of the race, or of the top rung.
        ladder: Brackets and rungs of a search, None for a race.
    """

    event: Literal["planned"] = "planned"
    kind: PlanKind
    max_macs: float | None = None
    epochs: int
    ladder: Ladder | None = None


class TrialLine(Line):
    """What the lines about a trial have in common.

    Attributes:
        trial: Name of the trial.
    """

    trial: str


class TrialCreated(TrialLine):
    """A rung of an architecture that is to be trained.

    Attributes:
        key: Of the architecture, as it was when the line was written.
        architecture: Network and recipe.
        parent: Trial of the rung below, or None.
        iteration: Pass over the brackets.
        bracket: Number of the bracket.
        rung: Number of the rung.
        epoch_start: Epochs done by the parent.
        epochs: Cumulative epochs at the end of the rung.
        ancestor: Trial whose function it started with, or None.
        ancestor_epochs: Epochs of that network and of those it was grown from.
    """

    event: Literal["created"] = "created"
    key: str
    architecture: Architecture
    parent: str | None = None
    iteration: int
    bracket: int
    rung: int
    epoch_start: int
    epochs: int
    ancestor: str | None = None
    ancestor_epochs: int = 0


class TrialStarted(TrialLine):
    """A trial was handed to a worker.

    Attributes:
        worker: Number of the worker.
    """

    event: Literal["started"] = "started"
    worker: int


class EpochTrained(TrialLine, Epoch):
    """An epoch of a trial, with the fields of `Epoch`.

    Attributes:
        worker: Number of the worker.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    event: Literal["epoch"] = "epoch"
    worker: int | None = None

    @classmethod
    def of(cls, trial: str, worker: int, epoch: Epoch) -> EpochTrained:
        """Return the line of an epoch."""
        return cls(trial=trial, worker=worker, **epoch.model_dump())


class TrialInterrupted(TrialLine):
    """A worker stopped training a trial before its outcome; it is tried again.

    Attributes:
        reason: What the worker reported, or how the worker ended.
    """

    reason: str = ""


class BatchHalved(TrialInterrupted):
    """A trial ran out of memory and is tried again with half the batch."""

    event: Literal["halved"] = "halved"


class WorkerLost(TrialInterrupted):
    """The worker of a trial ended; the trial is tried again."""

    event: Literal["lost"] = "lost"


class TrialPaused(TrialInterrupted):
    """The budget stopped a trial; a later session may resume it."""

    event: Literal["paused"] = "paused"


class TrialEnded(TrialLine):
    """A trial has its outcome, with the fields of `Outcome`.

    Attributes:
        worker: Number of the worker, None where the outcome is its parent's.
        status: How it ended, and so on; see `Outcome`.
        submitted_s: When it was handed to its last worker, on the search's clock.
        seconds_under_way: Seconds since then.
    """

    event: Literal["ended"] = "ended"
    worker: int | None = None
    status: Literal["completed", "stopped", "failed", "outage"]
    reason: str = ""
    score: float | None = None
    early_stopped: bool = False
    seconds: dict[str, float] = Field(default_factory=dict)
    submitted_s: float = 0.0
    seconds_under_way: float = 0.0
    history: tuple[Epoch, ...] = ()
    memory_mb: float = 0.0
    right: str | None = None
    resampled: str | None = None
    flip_effect: FlipEffect | None = None

    @property
    def is_scored(self) -> bool:
        """Whether the trial was completed with a score."""
        return self.status == "completed" and self.score is not None

    @classmethod
    def of(
        cls,
        trial: str,
        outcome: Outcome,
        *,
        worker: int | None,
        submitted_s: float,
        seconds_under_way: float,
    ) -> TrialEnded:
        """Return the line of an outcome."""
        return cls(
            trial=trial,
            worker=worker,
            status=outcome.status,
            reason=outcome.reason,
            score=outcome.score,
            early_stopped=outcome.early_stopped,
            seconds=outcome.seconds,
            submitted_s=submitted_s,
            seconds_under_way=seconds_under_way,
            history=tuple(outcome.history),
            memory_mb=outcome.memory_mb,
            right=outcome.right,
            resampled=outcome.resampled,
            flip_effect=outcome.flip_effect,
        )

    @property
    def outcome(self) -> Outcome:
        """The outcome of the trial."""
        return Outcome(
            status=self.status,
            reason=self.reason,
            history=list(self.history),
            score=self.score,
            early_stopped=self.early_stopped,
            flip_effect=self.flip_effect,
            seconds=dict(self.seconds),
            memory_mb=self.memory_mb,
            right=self.right,
            resampled=self.resampled,
        )


LedgerLine = (
    SearchBegun
    | SessionBegun
    | SessionEnded
    | ExecutionMeasured
    | SpeedMeasured
    | TrialsPlanned
    | TrialCreated
    | TrialStarted
    | EpochTrained
    | BatchHalved
    | WorkerLost
    | TrialPaused
    | TrialEnded
)

_ADAPTER: TypeAdapter[LedgerLine] = TypeAdapter(
    Annotated[LedgerLine, Field(discriminator="event")]
)


def parse_line(value: object) -> LedgerLine:
    """Read a line from its JSON values.

    Args:
        value: An object with `event` and the fields of that kind of line.

    Raises:
        pydantic.ValidationError: An unknown kind of event, or a faulty field.
    """
    return _ADAPTER.validate_python(value)
