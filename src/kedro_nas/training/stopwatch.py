"""Measures how the seconds of a task are spent."""

from __future__ import annotations

import time


class Stopwatch:
    """Adds the seconds of a `with` block to one kind.

    Args:
        seconds: By kind; updated when the block ends, also on an error.
        kind: One of `tasks.KINDS`.
    """

    def __init__(self, seconds: dict[str, float], kind: str) -> None:
        self._seconds, self._kind = seconds, kind

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._kind] += time.monotonic() - self._began
