"""Progress of a long pass: a bar on a terminal, a line now and then without one."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sized
from typing import TypeVar

Steps = TypeVar("Steps", bound=Sized)

logger = logging.getLogger(__name__)

_LINE_EVERY_S = 30.0


def track(steps: Iterator[Steps], *, total: int, what: str) -> Iterator[Steps]:
    """Pass on the steps, and show how many of the total are done.

    Args:
        steps: Each of them is a list of what was done.
        total: How many there are.
        what: Says what is being done, e.g. `Decoding images`.
    """
    if not sys.stderr.isatty():
        yield from _lines(steps, total, what)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        for step in steps:
            progress.advance(bar, len(step))
            yield step


def _lines(steps: Iterator[Steps], total: int, what: str) -> Iterator[Steps]:
    done, started = 0, time.monotonic()
    last = started
    for step in steps:
        done += len(step)
        now = time.monotonic()
        if now - last >= _LINE_EVERY_S:
            last = now
            logger.info("%s: %d of %d, %.0f s.", what, done, total, now - started)
        yield step
