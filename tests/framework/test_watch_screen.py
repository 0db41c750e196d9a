"""`kedro_nas.framework.watch_screen`: what whoever watches a run sees."""

from __future__ import annotations

import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.ledgers import HEAD, NETWORK, created, ended, epoch, started

from kedro_nas.framework.run_status import RunStatus, summarize_ledger
from kedro_nas.framework.watch_screen import line, screen, sparkline
from kedro_nas.search.search_view import SearchView, view_search
from kedro_nas.search.trial_progress import SearchProgressReader

LINES = [
    *HEAD,
    *(created("a"), started("a"), ended("a", 0.4, 0.5)),
    *(created("b"), started("b", worker=1), epoch("b", 1, 0.3, t=12.0)),
]
STATUS = RunStatus(
    namespace="defects.nas",
    stage="search",
    running=True,
    elsewhere=None,
    stages={"data_preparation": True, "search": False, "ranking": False},
    search=summarize_ledger(LINES),
)
VIEW = view_search(SearchProgressReader().add(LINES))


def _shown(status: RunStatus, view: SearchView, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(screen(status, view))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_screen_shows_stages_rungs_workers_curves_and_seconds() -> None:
    """All that a person looks at a search for, at once."""
    text = _shown(STATUS, VIEW)

    assert "defects.nas  running, in search" in text
    assert "● data_preparation   ◐ search   ○ ranking" in text
    assert "1 trial completed, 0 failed, 1 under way, best 0.5000" in text
    assert "12 s spent of 1 min 0 s, 48 s left" in text
    assert "0.1.0" in text
    assert "1 of 2  0.3000" in " ".join(text.split()).replace("1 of 2 ", "1 of 2  ")
    assert sparkline([0.4, 0.5]) in text
    assert NETWORK.describe() in text


def test_screen_of_a_narrow_terminal_wraps_no_table() -> None:
    """A long network is cut, so that each trial has one line."""
    text = _shown(STATUS, VIEW, width=60)

    assert max(map(len, text.splitlines())) <= 60
    assert "…" in text


def test_screen_before_the_search_shows_stages_alone() -> None:
    """Preparing data takes its time; there is nothing yet to count."""
    text = _shown(replace(STATUS, search=None), SearchView((), (), ()))

    assert "trials" not in text
    assert "data_preparation" in text


def test_screen_while_the_machine_is_measured_counts_nothing() -> None:
    """Rows of noughts tell nothing; that steps are timed does."""
    none = summarize_ledger(HEAD)
    text = _shown(replace(STATUS, search=none), SearchView((), (), ()))

    assert "no trial has begun: a few training steps are timed first" in text
    assert "0 trials" not in text


def test_line_says_the_same_in_a_log() -> None:
    """Where there is no terminal, a line is read by itself."""
    before = line(replace(STATUS, search=None, stage=None, running=False))

    assert line(STATUS) == (
        "defects.nas: in search; 1 trial completed, 0 failed, 1 under way, best "
        "0.5000, 12 s spent of 1 min 0 s, 48 s left"
    )
    assert before == "defects.nas: finished"


@given(st.lists(st.floats(0, 1), max_size=60))
def test_sparkline_has_a_bar_for_each_of_the_last_values(values: list[float]) -> None:
    """Equal values, one value or none are curves, too."""
    drawn = sparkline(values)

    assert len(drawn) == min(len(values), 24)
    assert set(drawn) <= set("▁▂▃▄▅▆▇█")
