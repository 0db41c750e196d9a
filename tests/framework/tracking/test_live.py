"""`kedro_nas.framework.tracking.live`: a tracker is told while a search runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledgers import HEAD, SESSION, created, ended, epoch, started, write_lines

from kedro_nas.framework.tracking.live import LAST_ATTEMPTS, LiveTracking
from kedro_nas.framework.tracking.values import TrialRun
from kedro_nas.search.ledger_lines import SessionEnded
from kedro_nas.search.trial_progress import TrialProgress

LOOK_S = 0.005
FIRST = [*HEAD, created("a"), started("a"), epoch("a", 1, 0.4)]


class Notes:
    """A tracker that notes what it is told, and fails as often as it is asked to."""

    def __init__(self, failures: int = 0) -> None:
        self.searches: list[str] = []
        self.trials: list[tuple[str, str, list[float]]] = []
        self.ended_by: list[str | None] = []
        self.failures = failures
        self.attempts = 0
        self.began: list[float] = []
        self.told = threading.Event()
        self.is_closed = False

    def begin(self, search_id: str) -> None:
        """Note the search."""
        self.searches.append(search_id)

    def track(self, trial: TrialProgress, run: TrialRun, *, began: float) -> None:
        """Note a trial, or fail."""
        self.attempts += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no server")
        curve = [point.value for point in run.points if point.name == "val_accuracy"]
        self.trials.append((run.trial_id, trial.row.status, curve))
        self.began.append(began)
        self.told.set()

    def after_look(self, ended_by: str | None) -> None:
        """Note how the search has ended."""
        self.ended_by.append(ended_by)

    def close(self) -> None:
        """Note that nothing more comes."""
        self.is_closed = True


def _tracking(
    ledger: Path, open_tracker: Callable[[], Notes], look_s: float = LOOK_S
) -> LiveTracking:
    tracking = LiveTracking("MLflow", ledger, open_tracker, look_s=look_s)
    tracking.start()
    return tracking


def test_tracker_is_told_of_a_trial_before_it_ends(tmp_path: Path) -> None:
    """Its curve is seen while it is trained, and its end when it comes."""
    ledger, notes = tmp_path / "ledger.jsonl", Notes()
    tracking = _tracking(ledger, lambda: notes)
    write_lines(ledger, FIRST)
    was_told = notes.told.wait(10)
    during = list(notes.trials)
    write_lines(ledger, [ended("a", 0.4, 0.5), SessionEnded(t=9.5, ended_by="budget")])
    tracking.finish(10)

    assert was_told
    assert during[-1] == ("a", "running", [0.4])
    assert notes.trials[-1] == ("a", "completed", [0.4, 0.5])
    assert notes.ended_by[-1] == "budget"
    assert notes.is_closed
    assert len(notes.searches) == 1


def test_tracker_that_fails_is_told_again_and_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is away for a while gets everything later."""
    ledger, notes = tmp_path / "ledger.jsonl", Notes(failures=2)
    write_lines(ledger, FIRST)
    with caplog.at_level(logging.WARNING):
        tracking = _tracking(ledger, lambda: notes)
        notes.told.wait(10)
        tracking.finish(10)

    assert notes.trials == [("a", "running", [0.4])]
    assert notes.attempts == 3
    assert len(caplog.records) == 1
    assert "MLflow is not told of all trials (ConnectionError: no server)" in (
        caplog.text
    )


def test_tracker_that_never_works_is_given_up_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A run does not wait for it beyond a few attempts."""
    ledger, notes = tmp_path / "ledger.jsonl", Notes(failures=10_000)
    write_lines(ledger, FIRST)
    tracking = _tracking(ledger, lambda: notes)
    tracking.finish(10)

    assert notes.attempts >= LAST_ATTEMPTS
    assert notes.trials == []
    assert notes.is_closed
    assert len(caplog.records) == 1


def test_tracker_that_hangs_holds_up_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of a run waits as long as it was told to, and says so."""
    ledger, released = tmp_path / "ledger.jsonl", threading.Event()
    write_lines(ledger, FIRST)

    def hang() -> Notes:
        released.wait(30)
        return Notes()

    tracking = _tracking(ledger, hang)
    tracking.search_is_over()
    tracking.finish(0.01)
    released.set()
    tracking.finish(10)

    assert "it is still busy" in caplog.text


def test_tracker_of_a_search_that_starts_anew_is_told_of_a_new_search(
    tmp_path: Path,
) -> None:
    """`on_change: restart` puts the old ledger aside in the middle of a run."""
    ledger, notes = tmp_path / "ledger.jsonl", Notes()
    write_lines(ledger, FIRST)
    tracking = _tracking(ledger, lambda: notes)
    notes.told.wait(10)
    ledger.rename(tmp_path / "aside.jsonl")
    other = SESSION.model_copy(update={"process_start": "2"})
    write_lines(ledger, [HEAD[0], other, created("b"), started("b")])
    tracking.finish(10)

    assert len(set(notes.searches)) == 2
    assert notes.trials[-1] == ("b", "running", [])


def test_tracker_is_told_when_the_search_began(tmp_path: Path) -> None:
    """A line is read later than it was written, so the earliest start is the truth."""
    ledger, notes = tmp_path / "ledger.jsonl", Notes()
    write_lines(ledger, FIRST)
    tracking = _tracking(ledger, lambda: notes)
    notes.told.wait(10)
    write_lines(ledger, [ended("a", 0.4, t=1000.0)])
    tracking.finish(10)

    assert notes.began[0] - notes.began[-1] == pytest.approx(998.0, abs=5.0)
