"""`kedro_nas.framework.log_output`: one line per message outside a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from kedro_nas.framework.log_output import is_interactive, stream_for

ROOT = Path(__file__).parents[2]
LOGS_A_LONG_MESSAGE = """
import logging
from kedro.framework.project import configure_project
configure_project("kedro_nas")
logging.getLogger("kedro_nas.search").info("word " * 60)
"""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_is_interactive_asks_the_console(*, is_terminal: bool) -> None:
    """Lines are folded and coloured only where somebody reads along."""
    console = Console(file=io.StringIO(), force_terminal=is_terminal)

    assert is_interactive(console) == is_terminal


@pytest.mark.parametrize(
    ("variables", "n_lines"), [({}, [1]), ({"FORCE_COLOR": "1"}, range(3, 9))]
)
def test_a_log_that_is_not_a_terminal_has_one_line_per_message(
    variables: dict[str, str], n_lines: list[int] | range
) -> None:
    """Kedro started in this repository reads conf/logging.yml; 80 columns fold none."""
    kept = {k: v for k, v in os.environ.items() if k not in {"FORCE_COLOR", "COLUMNS"}}
    done = subprocess.run(
        [sys.executable, "-c", LOGS_A_LONG_MESSAGE],
        cwd=ROOT,
        env={**kept, **variables, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if "word" in line]

    assert len(lines) in n_lines
    assert all("INFO" in line for line in lines[:1])
    assert sum(line.count("word") for line in lines) == 60


@pytest.mark.parametrize(
    ("arguments", "is_answer"),
    [
        (["kedro", "nas", "status", "--json"], True),
        (["/a/kedro/__main__.py", "nas", "show", "--source"], True),
        (["kedro", "run", "--pipelines", "nas"], False),
        (["pytest"], False),
    ],
)
def test_stream_for_leaves_standard_output_to_answers(
    arguments: list[str], *, is_answer: bool
) -> None:
    """`kedro nas show --source > model.py` writes Python, from its first line."""
    assert stream_for(arguments) is (sys.stderr if is_answer else sys.stdout)
