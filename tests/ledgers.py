"""Lines of a ledger, for tests that look on while a search writes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kedro_nas.files import append_json_line
from kedro_nas.search.ledger_lines import (
    EpochTrained,
    LedgerLine,
    SearchBegun,
    SearchIdentity,
    SessionBegun,
    TrialCreated,
    TrialEnded,
    TrialStarted,
)
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.training.tasks import Epoch

NETWORK = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
)
BEGUN = SearchBegun(belongs=SearchIdentity({}), seed=0)
SESSION = SessionBegun(t=0.5, pid=1, host="here", process_start="1", budget_s=60.0)
HEAD = (BEGUN, SESSION)


def created(
    trial: str,
    *,
    t: float = 1.0,
    rung: int = 0,
    parent: str | None = None,
    epochs: int = 2,
) -> TrialCreated:
    """Give the line of a trial that is to be trained; its rungs have 2 epochs each."""
    return TrialCreated(
        t=t,
        trial=trial,
        key=NETWORK.key,
        architecture=NETWORK,
        parent=parent,
        iteration=0,
        bracket=1,
        rung=rung,
        epoch_start=2 * rung,
        epochs=2 * rung + epochs,
    )


def started(trial: str, *, t: float = 1.0, worker: int = 0) -> TrialStarted:
    """Give the line of a trial that a worker takes."""
    return TrialStarted(t=t, trial=trial, worker=worker)


def trained(number: int, accuracy: float) -> Epoch:
    """Give an epoch."""
    return Epoch(
        epoch=number,
        train_loss=1 - accuracy,
        val_accuracy=accuracy,
        val_images=10,
        learning_rate=0.1,
        seconds_train=1.0,
    )


def epoch(
    trial: str, number: int, accuracy: float, *, t: float = 2.0, worker: int = 0
) -> EpochTrained:
    """Give the line of an epoch."""
    one = EpochTrained.of(trial, worker, trained(number, accuracy))
    return one.model_copy(update={"t": t})


def ended(
    trial: str, *scores: float, t: float = 9.0, first_epoch: int = 1, reason: str = ""
) -> TrialEnded:
    """Give the line of a trial's end, completed unless there is a reason."""
    return TrialEnded(
        t=t,
        trial=trial,
        worker=0,
        status="failed" if reason else "completed",
        reason=reason,
        score=None if reason else scores[-1],
        history=tuple(trained(n, one) for n, one in enumerate(scores, first_epoch)),
    )


def write_lines(path: Path, lines: Iterable[LedgerLine]) -> None:
    """Append lines to a ledger, as a search does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for line in lines:
        append_json_line(path, {"event": line.event, **line.model_dump()}, sync=False)
