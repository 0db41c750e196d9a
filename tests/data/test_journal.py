"""Records count once their pixels are on disk, and are read back in order."""

from __future__ import annotations

import pytest

from kedro_nas.data.journal import Journal


def record(number: int) -> tuple:
    return f"{number:032x}", 8, 8, True, "L", "", "", 1.0, 2.0, 2**63 + number


@pytest.fixture
def pixels(tmp_path):
    (tmp_path / "pixels.npy").write_bytes(b"x")
    return tmp_path / "pixels.npy"


def test_journal_goes_on_where_it_was_synced(tmp_path, pixels):
    """What was not synced is done again; what was, is not."""
    journal = Journal(tmp_path / "records", pixels)
    journal.add([record(0), record(1)])
    journal.sync()
    journal.add([record(2)])
    again = Journal(tmp_path / "records", pixels)
    assert again.n_synced == 2
    again.add([record(2)])
    again.sync()
    frame = again.read()

    assert frame["image_id"].tolist() == [record(i)[0] for i in range(3)]
    assert frame["phash"].tolist() == [2**63, 2**63 + 1, 2**63 + 2]


def test_journal_syncs_by_itself(tmp_path, pixels, monkeypatch):
    """A long run is synced every few seconds."""
    monkeypatch.setattr("kedro_nas.data.journal.SYNC_EVERY_S", 0.0)
    journal = Journal(tmp_path / "records", pixels)
    journal.add([record(0)])

    assert journal.n_synced == 1
    journal.sync()
    assert len(journal.read()) == 1
