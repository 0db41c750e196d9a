"""Logs of `kedro nas <command> --json` go to standard error, the answer does not.

Kedro's handlers write to standard output, and plugins log before a command of ours is
called; a hook of Kedro's command line comes before them. The one line that Kedro logs
while it is imported comes before any plugin: conf/logging.yml looks up where it goes,
see `log_output`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from kedro.framework.cli.hooks import cli_hook_impl
from rich.console import Console
from rich.logging import RichHandler

JSON_OPTION = "--json"


class JsonCommandHooks:
    """Keeps standard output for the answer of a command that was asked for JSON."""

    @cli_hook_impl(tryfirst=True)  # telemetry logs in the same hook
    def before_command_run(
        self, project_metadata: Any, command_args: Sequence[str]
    ) -> None:
        """Send logs to standard error if the command is ours and asked for JSON.

        Args:
            project_metadata: Kedro's.
            command_args: Words after `kedro`.
        """
        if list(command_args[:1]) == ["nas"] and JSON_OPTION in command_args:
            send_logs_to_stderr()


def send_logs_to_stderr() -> None:
    """Let each handler that writes to standard output write to standard error."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):  # placeholders have none
            if isinstance(handler, RichHandler):
                if handler.console.file is sys.stdout:
                    handler.console = Console(stderr=True)
            elif (
                isinstance(handler, logging.StreamHandler)
                and handler.stream is sys.stdout
            ):
                handler.setStream(sys.stderr)


cli_hooks = JsonCommandHooks()
