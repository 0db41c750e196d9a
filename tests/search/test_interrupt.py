"""SIGTERM ends a search as Ctrl-C does."""

from __future__ import annotations

import signal
import threading

import pytest

from kedro_nas.search.interrupt import stoppable


def test_stoppable_turns_sigterm_into_an_interrupt() -> None:
    """A machine that is preempted leaves a search that can be resumed."""
    before = signal.getsignal(signal.SIGTERM)

    def preempted() -> None:
        with stoppable():
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        preempted()
    assert signal.getsignal(signal.SIGTERM) is before


def test_stoppable_outside_the_main_thread_changes_nothing() -> None:
    """Python allows signal handlers in the main thread only."""
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def search() -> None:
        with stoppable():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()

    assert seen == [before]
