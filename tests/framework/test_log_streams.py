"""`kedro_nas.framework.log_streams`: logs leave standard output to a JSON answer."""

from __future__ import annotations

import logging
import sys

import pytest
from rich.logging import RichHandler

from kedro_nas.framework.log_streams import cli_hooks


@pytest.mark.parametrize(
    ("words", "is_moved"),
    [
        (["nas", "status", "--json"], True),
        (["nas", "status"], False),
        (["run", "--json"], False),
        ([], False),
    ],
)
def test_logs_leave_standard_output_only_to_our_json_commands(
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    is_moved: bool,
) -> None:
    """Whatever logs after Kedro's start, telemetry included, does not spoil JSON."""
    monkeypatch.setattr(logging.Logger.manager, "loggerDict", {})
    logger = logging.getLogger("of this test")
    logger.propagate = False
    logger.handlers = [RichHandler(), logging.StreamHandler(sys.stdout)]
    cli_hooks.before_command_run(None, words)
    logger.warning("a line of a log")
    found = capsys.readouterr()
    logged, other = (found.err, found.out) if is_moved else (found.out, found.err)

    assert logged.count("a line of a log") == 2
    assert "a line of a log" not in other
