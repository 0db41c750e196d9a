"""Files that neither a kill nor a full disk can tear."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.files import (
    append_json_line,
    file_digest,
    read_json_lines,
    write_at,
    write_file_atomically,
)


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


def test_write_at_goes_on_after_a_short_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system took only in part is written to its end, at its place."""
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda n, data, at: pwrite(n, data[:3], at))
    path = tmp_path / "file"
    path.write_bytes(b"ab")
    with path.open("r+b") as file:
        write_at(file.fileno(), b"0123456789", 2)

    assert path.read_bytes() == b"ab0123456789"


def test_write_at_on_a_full_disk_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write the system takes nothing of is an error, not an endless loop."""
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="bytes"):
        write_at(file.fileno(), b"0123456789", 0)


def test_write_file_atomically_syncs_before_it_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss of power leaves the old file or the whole new one, and no other file."""
    path = tmp_path / "model.keras"
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda n: events.append("sync") or fsync(n))
    monkeypatch.setattr(
        Path, "replace", lambda a, b: events.append("rename") or replace(a, b)
    )
    suffixes = []

    def write(beside: Path) -> None:
        suffixes.append(beside.suffix)
        beside.write_bytes(b"whole")

    write_file_atomically(path, write)

    assert events == ["sync", "rename"]
    assert suffixes == [".keras"]
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_read_json_lines_with_a_damaged_line_keeps_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two runs that wrote at once cost the lines they mixed, and no more."""
    path = tmp_path / "folds.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b{"c": 2}\n\xff\n{"d": 3}\n{"torn')

    assert read_json_lines(path) == [{"a": 1}, {"d": 3}]
    assert caplog.text.count("damaged line") == 2


def test_file_digest_follows_the_content_and_reads_an_unchanged_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large file of weights is read when it has changed, not for every network."""
    path = tmp_path / "weights.h5"
    path.write_bytes(b"a" * 3_000_000)
    first = file_digest(path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", None)
        again = file_digest(path)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    os.utime(path, ns=(0, 1))  # the clock of a file system may be coarse

    assert again == first
    assert len(first) == 16
    assert file_digest(path) != first
