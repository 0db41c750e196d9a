"""Watches a run until it ends, on a terminal or for a log."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from rich.console import Console
from rich.live import Live

from kedro_nas.framework import watch_screen
from kedro_nas.framework.project import Search
from kedro_nas.framework.run_status import RunStatus, read_status
from kedro_nas.search.ledger_lines import LedgerLine, SearchBegun
from kedro_nas.search.ledger_tail import LedgerTail
from kedro_nas.search.search_view import SearchView, view_search
from kedro_nas.search.trial_progress import SearchProgressReader, TrialProgress

LOOK_S = 1.0  # between two looks; an epoch takes about as long


class Watched:
    """A run and its search, read again and again; nothing is written.

    Args:
        search: An opened search.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._tail = LedgerTail(search.workspace / "search" / "ledger.jsonl")
        self._lines: list[LedgerLine] = []
        self._reader = SearchProgressReader()
        self._trials: dict[str, TrialProgress] = {}

    def look(self) -> tuple[RunStatus, SearchView]:
        """Return how far the run is now, and its search.

        Raises:
            LedgerMismatchError: Another version wrote the ledger.
        """
        new = self._tail.read()
        if new.from_the_start:
            self._lines, self._trials = [], {}
            self._reader = SearchProgressReader()
        self._lines += new.lines
        self._trials |= {t.row.trial_id: t for t in self._reader.add(new.lines)}
        begun = next((x for x in self._lines if isinstance(x, SearchBegun)), None)
        objective = begun.objective if begun else "accuracy"
        status = read_status(self._search, self._lines)
        return status, view_search(self._trials.values(), objective)


def watch(watched: Watched, console: Console, *, look_s: float = LOOK_S) -> None:
    """Show a run until it ends; on a terminal until `q` or Ctrl-C, too.

    Args:
        watched: The run.
        console: Where to. One that is no terminal gets a line for each change.
        look_s: Seconds between two looks.
    """
    with contextlib.suppress(KeyboardInterrupt):
        if console.is_terminal:
            _watch_on_screen(watched, console, look_s)
        else:
            _watch_in_lines(watched, console, look_s)


def _watch_on_screen(watched: Watched, console: Console, look_s: float) -> None:
    status, view = watched.look()
    with (
        single_keys(sys.stdin) as pressed,
        Live(
            watch_screen.screen(status, view),
            console=console,
            screen=True,
            auto_refresh=False,
        ) as live,
    ):
        while status.running and pressed(look_s) != "q":
            status, view = watched.look()
            live.update(watch_screen.screen(status, view), refresh=True)
    console.print(watch_screen.line(status), soft_wrap=True)


def _watch_in_lines(watched: Watched, console: Console, look_s: float) -> None:
    before: object = None
    while True:
        status, _ = watched.look()
        search = status.search
        now = (status.stage, status.running, search and search.trials)
        if now != before:
            console.print(watch_screen.line(status), soft_wrap=True, highlight=False)
            before = now
        if not status.running:
            return
        time.sleep(look_s)


@contextlib.contextmanager
def single_keys(stream: TextIO) -> Iterator[Callable[[float], str]]:
    """Read keys without Enter; gives a function that waits for one.

    Args:
        stream: Standard input. Where it is no terminal, no key is ever pressed.
    """
    try:
        descriptor = stream.fileno()
        is_terminal = os.isatty(descriptor)
    except (OSError, ValueError):
        is_terminal = False
    if not is_terminal:

        def wait(seconds: float) -> str:
            time.sleep(seconds)
            return ""

        yield wait
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)

    def key(seconds: float) -> str:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return os.read(descriptor, 1).decode(errors="replace") if ready else ""

    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # keeps what was typed
        yield key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
