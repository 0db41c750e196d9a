"""A command with its processes: memory, limit and kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from peer_runs.process_tree import kill_tree, run_watched, tree

HOLDS_MEMORY = (
    "import time; x = bytearray(60_000_000); x[::4096] = b'1' * len(x[::4096])"
)
STARTS_A_CHILD = """
import subprocess, sys, time
from pathlib import Path
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
)
Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""


def _run(program: str, tmp_path: Path, *words: str, kill_after_s: float):
    return run_watched(
        [sys.executable, "-c", program, *words],
        log=tmp_path / "log.txt",
        env=dict(os.environ),
        kill_after_s=kill_after_s,
        poll_s=0.02,
    )


def _is_alive(process_id: int) -> bool:
    stat = Path(f"/proc/{process_id}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_run_watched_reports_status_and_output(tmp_path):
    """A command that ends by itself is not killed; what it prints is kept."""
    found = _run("print('hello'); raise SystemExit(3)", tmp_path, kill_after_s=30)

    assert (found.status, found.was_killed) == (3, False)
    assert (tmp_path / "log.txt").read_text() == "hello\n"
    assert found.seconds < 30


def test_run_watched_measures_the_memory_of_all_processes(tmp_path):
    """Peak memory is what the command and its children held."""
    found = _run(f"{HOLDS_MEMORY}; time.sleep(0.4)", tmp_path, kill_after_s=30)

    assert 60 < found.peak_memory_mb < 200


def test_run_watched_kills_children_of_other_sessions_at_the_limit(tmp_path):
    """The limit in seconds ends everything that a tool has started."""
    file = tmp_path / "child.txt"

    found = _run(STARTS_A_CHILD, tmp_path, str(file), kill_after_s=1.0)

    assert found.was_killed
    assert 1.0 <= found.seconds < 10
    assert not _is_alive(int(file.read_text()))


def test_tree_holds_a_process_and_its_children():
    """A process is in the tree of its parent, a stranger is not."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        found = tree(os.getpid())
    finally:
        kill_tree(child.pid)
        child.wait()

    assert {os.getpid(), child.pid} <= found
    assert 1 not in found


def test_kill_tree_of_an_ended_process_is_no_error():
    """A tool may end by itself in the instant it is killed."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    began = time.monotonic()
    kill_tree(child.pid)

    assert time.monotonic() - began < 5
