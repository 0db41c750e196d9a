"""Records count once their pixels are on disk, and are read back in order."""

from __future__ import annotations

import logging
import sys

import pandas as pd
import pytest

from kedro_nas.data import decoding_progress as module
from kedro_nas.data.chunks import RECORD_COLUMNS
from kedro_nas.data.decoding_progress import Journal, track


def records(*numbers: int) -> pd.DataFrame:
    rows = [
        (f"{number:032x}", 8, 8, True, "L", "", "", 1.0, 2.0, 2**63 + number)
        for number in numbers
    ]
    frame = pd.DataFrame(rows, columns=list(RECORD_COLUMNS))
    return frame.astype({"phash": "uint64"})


@pytest.fixture
def pixels(tmp_path):
    (tmp_path / "pixels.npy").write_bytes(b"x")
    return tmp_path / "pixels.npy"


def test_journal_goes_on_where_it_was_synced(tmp_path, pixels):
    """What was not synced is done again; what was, is not."""
    journal = Journal(tmp_path / "records", pixels)
    journal.add(records(0, 1))
    journal.sync()
    journal.add(records(2))
    again = Journal(tmp_path / "records", pixels)
    assert again.n_synced == 2
    again.add(records(2))
    frame = again.records()

    pd.testing.assert_frame_equal(frame, records(0, 1, 2))
    pd.testing.assert_frame_equal(journal.records(), frame)
    again.sync()
    pd.testing.assert_frame_equal(Journal(again.folder, pixels).records(), frame)


def test_journal_syncs_by_itself(tmp_path, pixels, monkeypatch):
    """A long run is synced every few seconds."""
    monkeypatch.setattr("kedro_nas.data.decoding_progress.SYNC_EVERY_S", 0.0)
    journal = Journal(tmp_path / "records", pixels)
    journal.add(records(0))

    assert journal.n_synced == 1
    journal.sync()
    assert len(journal.records()) == 1


STEPS = [[1, 2], [3], []]


@pytest.mark.parametrize("terminal", [True, False])
def test_track_passes_the_steps_on(monkeypatch, terminal):
    """With a bar or without, the steps come through unchanged."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)

    assert list(track(iter(STEPS), total=3, what="Decoding")) == STEPS


def test_track_without_a_terminal_logs_now_and_then(monkeypatch, caplog):
    """A log file gets a plain line, not a bar."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.setattr(module, "_LINE_EVERY_S", 0.0)
    with caplog.at_level(logging.INFO, logger="kedro_nas"):
        list(track(iter(STEPS), total=3, what="Decoding"))

    assert "Decoding: 2 of 3" in caplog.text
