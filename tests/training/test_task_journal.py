"""What one session writes into a journal, the next one reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.files import append_json_line
from kedro_nas.training.task_journal import (
    TaskJournal,
    read_journal,
    write_halved,
    write_outcome,
)
from kedro_nas.training.tasks import Outcome


def test_journal_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    """The first session has nothing to go on from."""
    assert read_journal(tmp_path / "tasks.jsonl") == TaskJournal()


def test_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    """All outcomes are kept in order, the newest counts, halved batches are known."""
    path = tmp_path / "tasks.jsonl"
    first, second = (Outcome(status="completed", score=s) for s in (0.1, 0.2))
    write_outcome(path, "a", first)
    write_halved(path, "network", "out of memory")
    write_outcome(path, "a", second)
    found = read_journal(path)

    assert [one.outcome for one in found.ended] == [first, second]
    assert found.outcomes == {"a": second}
    assert found.halved == {"network"}


def test_journal_outcome_of_another_version_is_told_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read is trained again, and the log names the field."""
    path = tmp_path / "tasks.jsonl"
    append_json_line(path, {"digest": "a", "outcome": {"status": "half done"}})
    write_outcome(path, "b", Outcome(status="completed"))

    assert list(read_journal(path).outcomes) == ["b"]
    assert "status" in caplog.text
