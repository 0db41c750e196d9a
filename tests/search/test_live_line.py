"""What a search shows while it runs."""

from __future__ import annotations

import logging

import pytest
from tests.search.conftest import make_architecture

from kedro_nas.search.live_line import Progress
from kedro_nas.search.trial_schedule import Place
from kedro_nas.training.tasks import Outcome

NETWORK = make_architecture(3)
PLACE = Place(0, 2, 1, 0)


def _progress(mode: str, **limits: float | None) -> Progress:
    options = {"budget_s": None, "total_trials": None, **limits}
    return Progress(mode, clock=lambda: 20.0, **options)  # type: ignore[arg-type]


def test_progress_without_a_terminal_logs_a_line_per_trial(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It names place, epochs, score, the best so far and the seconds left."""
    with caplog.at_level(logging.INFO), _progress("auto", budget_s=60.0) as progress:
        progress.ended(NETWORK, Outcome(status="completed", score=0.5), PLACE)
        progress.ended(NETWORK, Outcome(status="completed", score=0.25), PLACE)

    assert "trial 1: bracket 2 rung 1, 0 epochs, 0.5000" in caplog.messages[0]
    assert "best 0.5000" in caplog.messages[1]
    assert caplog.messages[1].endswith("20 s, 40 s left")


def test_progress_of_a_resumed_search_counts_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The clock has the seconds of all sessions, so the count has their trials."""
    with (
        caplog.at_level(logging.INFO),
        _progress("auto", total_trials=5, ended=3) as progress,
    ):
        progress.ended(NETWORK, Outcome(status="completed", score=0.5), PLACE)

    assert caplog.messages[0].startswith("trial 4: ")
    assert caplog.messages[0].endswith("20 s, about 5 s left")


def test_progress_of_a_failed_trial_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """A reason stands where a score would."""
    with caplog.at_level(logging.INFO), _progress("auto", total_trials=4) as progress:
        progress.ended(NETWORK, Outcome(status="failed", reason="no memory"), PLACE)

    assert "no memory" in caplog.messages[0]
    assert caplog.messages[0].endswith("about 60 s left")


def test_progress_that_is_off_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A project that logs by other means is not disturbed."""
    with caplog.at_level(logging.INFO), _progress("off") as progress:
        progress.ended(NETWORK, Outcome(status="completed", score=0.5), PLACE)

    assert caplog.messages == []
