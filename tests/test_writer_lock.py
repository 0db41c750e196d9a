"""Two runs at once never write into one workspace."""

from __future__ import annotations

import errno
import fcntl
import importlib
import inspect
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kedro_nas import writer_lock
from kedro_nas.errors import SearchError
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.writer_lock import LOCK_FILE, hold_workspace, one_writer

# with a second word it loses the first signal to stop, as before a call that waits, or
# ignores SIGINT, as what a script starts in the background
HOLDER = """
import signal, sys
from pathlib import Path
from kedro_nas import writer_lock
writer_lock.TOUCH_S = 0.05
def lose(number, frame):
    signal.signal(signal.SIGINT, signal.default_int_handler)
words = sys.argv[2:]
if words:
    signal.signal(signal.SIGINT, signal.SIG_IGN if "ignores" in words[0] else lose)
with writer_lock.hold_workspace(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
ELSEWHERE = {"pid": 7, "host": "node-3", "process_start": "x", "since": "2026-01-01"}


@pytest.fixture
def start_holder(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another process that holds the workspace."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_hold_workspace_held_elsewhere_says_who_and_touches_nothing(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """The second run names process, machine and time of the first, and stops."""
    holder = start_holder()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    named = rf"process {holder.pid} on {platform.node()}, since 20\d\d-.*nothing was"
    with pytest.raises(SearchError, match=named), hold_workspace(tmp_path):
        pass

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_hold_workspace_writes_down_the_process_as_status_knows_it(
    tmp_path: Path,
) -> None:
    """One record says who runs: a later process of the same pid is not its holder."""
    with hold_workspace(tmp_path):
        value = json.loads((tmp_path / LOCK_FILE).read_text())

    assert ProcessIdentity.read(value) == ProcessIdentity.current()


def test_hold_workspace_of_a_killed_holder_is_free(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """A run that is killed leaves nothing locked, whatever its record says."""
    holder = start_holder()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold_workspace(tmp_path):
        record = (tmp_path / LOCK_FILE).read_text()

    assert json.loads(record)["pid"] == os.getpid()


def test_hold_workspace_nested_is_given_back_with_the_outermost(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """A stage within a run takes the workspace again, and leaves it to the run."""
    with hold_workspace(tmp_path):
        with hold_workspace(tmp_path):
            pass
        with pytest.raises(AssertionError):
            start_holder()
    holder = start_holder()

    assert holder.poll() is None


def test_hold_workspace_interrupted_is_given_back_wholly(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """After Ctrl-C in a notebook the workspace is free: no hook hears of it."""
    run = hold_workspace(tmp_path)
    run.__enter__()
    with pytest.raises(KeyboardInterrupt), hold_workspace(tmp_path):
        raise KeyboardInterrupt
    holder = start_holder()

    assert holder.poll() is None


def test_hold_workspace_on_a_disk_without_locks_warns_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that has no locks is no reason not to search, and is not called busy."""

    def flock(_: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with hold_workspace(tmp_path):
        pass

    assert "file system without locks" in caplog.text


@pytest.mark.parametrize(
    ("silent_s", "said"),
    [
        (600.0, r"node-3.*sign of life 6\d\d s ago.*machine is gone.*delete .*lock"),
        (5.0, r"node-3.*sign of life \d s ago.*Wait until it has ended"),
    ],
)
def test_hold_workspace_of_a_machine_that_is_gone_says_how_to_take_it_over(
    tmp_path: Path, silent_s: float, said: str
) -> None:
    """A file server may keep its lock; deleting the file frees the workspace."""
    path = tmp_path / LOCK_FILE
    path.write_text(json.dumps(ELSEWHERE))
    with path.open("rb") as kept:  # as a file server would for a machine that is gone
        fcntl.flock(kept, fcntl.LOCK_EX)
        long_ago = time.time() - silent_s
        os.utime(path, (long_ago, long_ago))
        with pytest.raises(SearchError, match=said), hold_workspace(tmp_path):
            pass

        path.unlink()
        with hold_workspace(tmp_path):
            assert json.loads(path.read_text())["pid"] == os.getpid()


def test_hold_workspace_of_a_silent_process_here_is_not_to_be_taken_over(
    tmp_path: Path,
) -> None:
    """A stopped process of this machine holds its lock and may go on."""
    path = tmp_path / LOCK_FILE
    path.write_text(json.dumps({**ELSEWHERE, "host": platform.node()}))
    with path.open("rb") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        os.utime(path, (0, 0))
        with (
            pytest.raises(SearchError, match="Wait until it has ended"),
            hold_workspace(tmp_path),
        ):
            pass


def test_hold_workspace_gives_signs_of_life(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """The time of the lock file tells other machines that its holder lives."""
    start_holder()
    path = tmp_path / LOCK_FILE
    os.utime(path, (0, 0))
    until = time.monotonic() + 20

    while path.stat().st_mtime < 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert time.time() - path.stat().st_mtime < 60


@pytest.mark.parametrize("words", [(), ("loses the first signal",), ("ignores it",)])
def test_hold_workspace_taken_over_stops_the_first_run(
    start_holder: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    """A machine that comes back after its lock was deleted does not write any more."""
    holder = start_holder(*words)
    (tmp_path / LOCK_FILE).unlink()
    with hold_workspace(tmp_path):
        assert holder.wait(timeout=20) != 0


def test_hold_workspace_that_is_left_gets_no_further_signal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A process that follows the signal to stop is not interrupted while it unlocks."""
    monkeypatch.setattr(writer_lock, "TOUCH_S", 0.01)
    locks = writer_lock._Locks()  # with a thread that begins with this period
    monkeypatch.setattr(writer_lock, "_locks", locks)
    sent: list[int] = []
    monkeypatch.setattr(
        writer_lock.signal, "pthread_kill", lambda _, number: sent.append(number)
    )
    seen = 0
    with hold_workspace(tmp_path):
        (tmp_path / LOCK_FILE).unlink()
        (tmp_path / LOCK_FILE).write_text("")  # another run's
        until = time.monotonic() + 10
        while len(sent) < 2 and time.monotonic() < until:
            time.sleep(0.005)
        locks.is_leaving = True  # as the first of them would
        time.sleep(0.05)  # one that is on its way
        seen = len(sent)
        time.sleep(0.1)

    assert seen >= 2
    assert len(sent) == seen


@pytest.mark.parametrize(("silent_s", "is_free"), [(5.0, False), (600.0, True)])
def test_hold_workspace_without_locks_believes_the_note(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    silent_s: float,
    *,
    is_free: bool,
) -> None:
    """Where the disk has no locks the signs of life decide who may write."""

    def flock(_: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    path = tmp_path / LOCK_FILE
    path.write_text(json.dumps(ELSEWHERE))
    long_ago = time.time() - silent_s
    os.utime(path, (long_ago, long_ago))
    if not is_free:
        with pytest.raises(SearchError, match="node-3"), hold_workspace(tmp_path):
            pass
        return

    with hold_workspace(tmp_path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_hold_workspace_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file in the folder's place ends in a message, not in a traceback."""
    (tmp_path / "taken").write_text("")
    with (
        pytest.raises(SearchError, match="cannot be written"),
        hold_workspace(tmp_path / "taken"),
    ):
        pass


def test_one_writer_finds_the_workspace_among_the_arguments(
    start_holder: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """A stage does not begin while another process holds its workspace."""
    calls: list[int] = []

    @one_writer
    def stage(number: int, workspace: Path) -> None:
        calls.append(number)

    stage(1, tmp_path)
    start_holder()
    with pytest.raises(SearchError, match="another run"):
        stage(2, workspace=tmp_path)

    assert calls == [1]


@pytest.mark.parametrize(
    ("module", "stage"),
    [
        ("data.prepare", "prepare_images"),
        ("search.search", "search_architectures"),
        ("ranking.rank", "rank_finalists"),
        ("export.final_fit", "fit_final_models"),
        ("export.evaluate", "evaluate_on_test"),
    ],
)
def test_stages_that_write_into_a_workspace_refuse_one_that_is_held(
    start_holder: Callable[[], subprocess.Popen[str]],
    tmp_path: Path,
    module: str,
    stage: str,
) -> None:
    """Called without Kedro, too: before it looks at anything else a stage stops."""
    function = getattr(importlib.import_module(f"kedro_nas.{module}"), stage)
    names = inspect.signature(function).parameters
    start_holder()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(SearchError, match="another run is writing into the workspace"):
        function(**{**dict.fromkeys(names), "workspace": tmp_path})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
