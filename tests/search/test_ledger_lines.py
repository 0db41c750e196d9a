"""Each kind of line is written as JSON and read back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import (
    EpochTrained,
    LedgerLine,
    SearchIdentity,
    SpeedMeasured,
    TrialEnded,
    TrialsPlanned,
    parse_line,
)
from kedro_nas.training.tasks import Epoch, Outcome

MakeDriver = Callable[..., tuple[Driver, Ledger]]


def test_outcome_of_a_line_is_the_one_that_was_written(
    make_driver: MakeDriver, scripted_pool: Callable[..., Any]
) -> None:
    """Scores, reasons, epochs and results on images survive the file."""

    def fate(task: Any, _: int) -> str:
        return "failed" if task.architecture.stages[0].width == 2 else "score"

    driver, ledger = make_driver(max_trials=3)
    driver.run(scripted_pool(1, fate))
    read = {line.trial: line.outcome for line in Ledger(ledger._path).of(TrialEnded)}

    assert len(read) == 3
    assert {name: trial.outcome for name, trial in driver.trials.items()} == read


def test_outcome_of_a_line_without_results_on_images_has_none() -> None:
    """Lines that an earlier version wrote do not name them."""
    line = parse_line(
        {
            "event": "ended",
            "t": 1.0,
            "trial": "a",
            "status": "completed",
            "reason": "",
            "score": 0.5,
            "early_stopped": True,
            "seconds": {"train": 1.0},
            "history": [],
        }
    )

    assert isinstance(line, TrialEnded)
    outcome = line.outcome
    assert (outcome.right, outcome.score, outcome.early_stopped) == (None, 0.5, True)


def test_lines_are_told_apart_by_their_event() -> None:
    """No two kinds share a name, and an unknown one is refused."""
    kinds = [kind.model_fields["event"].default for kind in get_args(LedgerLine)]

    assert len(kinds) == len(set(kinds)) == 13
    with pytest.raises(ValidationError, match="event"):
        parse_line({"event": "unheard", "t": 0.0})


def test_line_of_a_later_version_keeps_what_is_known() -> None:
    """Fields that this version does not know are no reason to lose a search."""
    line = parse_line({"event": "lost", "t": 2.0, "trial": "a", "signal": 9})

    assert json.loads(line.model_dump_json()) == {
        "event": "lost",
        "t": 2.0,
        "trial": "a",
        "reason": "",
    }


def test_line_of_the_speed_gives_the_speed() -> None:
    """What was measured is read back with its own properties."""
    line = SpeedMeasured(start_s=4.0, epoch_s=2.0, steps_per_epoch=250, workers=2)

    assert line.speed.full_training_s == line.speed.full_epochs * 2.0 / 2


def test_line_of_a_plan_gives_the_ladder() -> None:
    """A resumed search climbs the ladder it was begun with."""
    steps = {"min_epochs": 1, "max_epochs": 9, "factor": 3, "is_single": False}
    line = parse_line(
        {"event": "planned", "t": 0.0, "kind": "search", "epochs": 9, "ladder": steps}
    )

    assert isinstance(line, TrialsPlanned)
    assert line.ladder is not None
    assert line.ladder.n_architectures == 14
    assert line.model_dump()["ladder"] == {**steps, "n_immune": 0}


def test_identity_names_what_differs() -> None:
    """A value that is new, and one that is another, are both told."""
    before = SearchIdentity({"seed": 0, "data set": "a"})
    now = SearchIdentity({"seed": 1, "data set": "a", "block mine": "b"})

    assert now.changes_since(before) == [
        "seed was 0, is 1",
        "block mine was None, is b",
    ]


def test_line_of_an_outcome_carries_all_that_a_search_needs_of_it() -> None:
    """A field that is added to an outcome is written too, or is named here."""
    not_of_a_search = {"fold_scores", "outage"}  # of rankings; raised, not written
    written = set(TrialEnded.model_fields)

    assert set(Outcome.model_fields) - written == not_of_a_search


@pytest.mark.parametrize(
    ("status", "score", "is_scored"),
    [
        ("completed", 0.0, True),
        ("completed", None, False),
        ("failed", 0.9, False),
        ("stopped", 0.9, False),
    ],
)
def test_ended_trial_is_scored_if_it_was_completed_with_a_score(
    status: str, score: float | None, is_scored: bool
) -> None:
    """A score of 0 is a score; what failed has none, whatever it reached before."""
    line = parse_line(
        {"event": "ended", "trial": "a", "status": status, "score": score}
    )

    assert isinstance(line, TrialEnded)
    assert line.is_scored is is_scored


def test_line_of_an_epoch_has_its_fields_and_the_trial_s() -> None:
    """Learning curves are read from the ledger, while a search is running too."""
    epoch = Epoch(
        epoch=3,
        train_loss=0.5,
        learning_rate=0.1,
        seconds_train=2.0,
        val_accuracy=0.75,
        val_images=40,
    )
    line = EpochTrained.of("0007", 1, epoch)
    read = parse_line(json.loads(line.model_dump_json()))

    assert isinstance(read, EpochTrained)
    assert (read.trial, read.worker) == ("0007", 1)
    assert {name: getattr(read, name) for name in Epoch.model_fields} == (
        epoch.model_dump()
    )


@pytest.mark.parametrize(
    "faulty",
    [
        {"event": "ended", "trial": "a", "status": "finished"},
        {"event": "started", "trial": "a"},
        {"event": "created", "trial": "a", "key": "k"},
        {"trial": "a"},
    ],
)
def test_faulty_line_is_refused(faulty: dict[str, Any]) -> None:
    """What is no line of ours is not guessed at: a search is not resumed from it."""
    with pytest.raises(ValidationError):
        parse_line(faulty)


def test_lines_cannot_be_changed() -> None:
    """They are what was written; a state that follows from them is kept elsewhere."""
    line = parse_line({"event": "started", "trial": "a", "worker": 0})

    with pytest.raises(ValidationError, match="frozen"):
        line.t = 7.0
