"""Files that neither a kill nor a full disk can tear."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.files import append_json_line, read_json_lines


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cut=st.integers(0, 9000), size=st.integers(0, 6000))
def test_append_after_a_torn_line_loses_no_other(
    tmp_path: Path, cut: int, size: int
) -> None:
    """Whole lines and the new one can be read again, wherever the file was torn."""
    path = tmp_path / "lines.jsonl"
    path.unlink(missing_ok=True)
    for number in range(2):
        append_json_line(path, {"n": number, "text": "x" * size})
    content = path.read_bytes()[:cut]
    path.write_bytes(content)

    append_json_line(path, {"n": "new"})

    whole = content.count(b"\n")
    assert [line["n"] for line in read_json_lines(path)] == [*range(whole), "new"]


def test_append_on_a_full_disk_leaves_the_lines_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that could not be synced is taken back, and the next one is whole."""
    path = tmp_path / "lines.jsonl"
    append_json_line(path, 1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            append_json_line(path, 2)

    assert path.read_bytes() == b"1\n"
    append_json_line(path, 3)
    assert read_json_lines(path) == [1, 3]
