"""`kedro_nas.framework.watch`: a run is watched until it ends."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog
from rich.console import Console
from tests.framework.test_watch_screen import STATUS, VIEW
from tests.ledgers import HEAD, created, ended, started, write_lines

from kedro_nas.datasets import WorkspaceDataset
from kedro_nas.framework import watch as watching
from kedro_nas.framework.project import Search
from kedro_nas.framework.run_status import RunStatus
from kedro_nas.framework.watch import Watched, single_keys, watch
from kedro_nas.search.search_view import SearchView

DONE = replace(STATUS, running=False, stage=None)


class Looks:
    """A run that is found in one state after the other."""

    def __init__(self, *states: RunStatus) -> None:
        self._states = iter(states)

    def look(self) -> tuple[RunStatus, SearchView]:
        """Give the next state."""
        return next(self._states), VIEW


def _watched(*states: RunStatus) -> Any:
    return Looks(*states)


def _console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_watch_without_a_terminal_prints_a_line_for_each_change() -> None:
    """A log is not filled with what it says already."""
    console = _console(terminal=False)
    watch(_watched(STATUS, STATUS, STATUS, DONE), console, look_s=0)
    lines = _text(console).splitlines()

    assert [text.partition(";")[0] for text in lines] == [
        "defects.nas: in search",
        "defects.nas: finished",
    ]


def test_watch_on_a_terminal_ends_with_the_run() -> None:
    """The screen is taken and given back, and the end is said below it."""
    console = _console(terminal=True)
    watch(_watched(STATUS, STATUS, DONE), console, look_s=0)
    text = _text(console)

    assert "\x1b[?1049h" in text
    assert text.rindex("\x1b[?1049l") < text.rindex("defects.nas: finished")
    assert "q or Ctrl-C" in text


def test_watch_ends_by_q_and_leaves_the_run_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever looks on can go; nothing more is read after that."""
    ours, theirs = os.openpty()
    os.write(ours, b"xq")
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(watching.sys, "stdin", terminal)
        console = _console(terminal=True)
        watch(_watched(STATUS, STATUS), console, look_s=5)  # a third look would raise
    os.close(ours)

    assert "defects.nas: in search" in _text(console)


def test_watch_ends_by_ctrl_c_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the way most people leave a command."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", interrupt)
    console = _console(terminal=False)
    watch(_watched(STATUS), console)

    assert "in search" in _text(console)


def test_single_keys_give_the_terminal_back_as_it_was() -> None:
    """A shell that no longer echoes what is typed is a nuisance."""
    import termios

    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as terminal:
        before = termios.tcgetattr(terminal)
        with single_keys(terminal) as pressed:
            during = termios.tcgetattr(terminal)
            nothing = pressed(0)
        after = termios.tcgetattr(terminal)
    os.close(ours)

    assert nothing == ""
    assert before[3] == after[3] != during[3]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    """Give a search whose workspace is empty."""
    catalog = DataCatalog(
        {"nas.workspace": WorkspaceDataset(path=str(tmp_path))}
        | {
            f"nas.{name}": WorkspaceDataset(path=str(tmp_path / name))
            for name in (
                *("dataset_profile", "search_space", "finalists"),
                *("best_architecture", "test_metrics", "report"),
            )
        }
    )
    return Search("nas", SimpleNamespace(env=None), catalog)


def test_watched_reads_what_was_written_since(search: Search) -> None:
    """Each look costs the new lines alone, and writes nothing."""
    watched = Watched(search)
    before, _ = watched.look()
    ledger = search.workspace / "search" / "ledger.jsonl"
    write_lines(ledger, [*HEAD, created("a"), started("a")])
    during, first = watched.look()
    write_lines(ledger, [ended("a", 0.5)])
    after, second = watched.look()
    files = {path.name for path in search.workspace.rglob("*") if path.is_file()}

    assert before.search is None
    assert [one.trial for one in first.training] == ["a"]
    assert during.search is not None
    assert after.search is not None
    assert (during.search.trials.completed, after.search.trials.completed) == (0, 1)
    assert [one.score for one in second.best] == [0.5]
    assert files == {"ledger.jsonl"}
