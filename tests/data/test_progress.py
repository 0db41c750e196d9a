"""Progress is shown, and changes nothing."""

from __future__ import annotations

import logging
import sys

import pytest

from kedro_nas.data import progress
from kedro_nas.data.progress import track

STEPS = [[1, 2], [3], []]


@pytest.mark.parametrize("terminal", [True, False])
def test_track_passes_the_steps_on(monkeypatch, terminal):
    """With a bar or without, the steps come through unchanged."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)

    assert list(track(iter(STEPS), total=3, what="Decoding")) == STEPS


def test_track_without_a_terminal_logs_now_and_then(monkeypatch, caplog):
    """A log file gets a plain line, not a bar."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0.0)
    with caplog.at_level(logging.INFO, logger="kedro_nas"):
        list(track(iter(STEPS), total=3, what="Decoding"))

    assert "Decoding: 2 of 3" in caplog.text
