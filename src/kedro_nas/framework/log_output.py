"""What conf/logging.yml looks up: which handler suits standard output, which stream.

A logging configuration is data and cannot ask whether standard output is a terminal; it
can name a value of a module (`ext://`). This module is imported while Kedro itself is,
so it imports nothing of Kedro.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from rich import get_console
from rich.console import Console


def is_interactive(console: Console) -> bool:
    """Return whether somebody reads along: on a terminal or in a notebook.

    Args:
        console: Rich's console for standard output. It knows of notebooks and of the
            environment variables `FORCE_COLOR` and `TTY_INTERACTIVE`.
    """
    return console.is_terminal or console.is_jupyter


def stream_for(arguments: Sequence[str]) -> TextIO:
    """Return where log lines go outside a terminal.

    The standard output of `kedro nas show --source > model.py` is the answer of the
    command; Kedro logs a line in front of it while it is imported.

    Args:
        arguments: Of the process, the program first.
    """
    return sys.stderr if list(arguments[1:2]) == ["nas"] else sys.stdout


STREAM = stream_for(sys.argv)
IS_TERMINAL = is_interactive(get_console())
HANDLERS = ["rich"] if IS_TERMINAL else ["console"]  # as Kedro's template names them
