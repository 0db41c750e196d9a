"""`kedro nas report`: a page at any time, and where it lies."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kedro_nas.framework import results_so_far
from kedro_nas.framework.commands import report as command
from kedro_nas.records.job import JobResults
from kedro_nas.report.so_far import ResultsSoFar

STATE = "This run goes on: it is in the stage search."


def _call(
    monkeypatch: pytest.MonkeyPatch, found: JobResults | ResultsSoFar, *words: str
) -> Result:
    """Call the command in a project that has these results."""
    from kedro_nas.parameters.reporting import ReportingOptions

    search = SimpleNamespace(
        namespace="defects.nas", options=lambda *_: ReportingOptions()
    )

    @contextlib.contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Any]:
        yield search

    monkeypatch.setattr(command, "opened", opened)
    monkeypatch.setattr(command, "read_status", lambda _: None)
    monkeypatch.setattr(results_so_far, "read_results_so_far", lambda *_: found)
    project = SimpleNamespace(project_path=Path())
    return CliRunner().invoke(command.report, [*words], obj=project)


def test_report_of_a_run_that_goes_on_is_written_and_its_path_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It lies in the current folder, named after the search."""
    monkeypatch.chdir(tmp_path)
    done = _call(monkeypatch, ResultsSoFar(STATE))
    page = tmp_path / "defects_nas_report.html"

    assert done.exit_code == 0, done.output
    assert done.output == f"{page}\nThe run has not ended.\n"
    assert STATE in page.read_text()


def test_report_of_a_whole_run_is_the_report_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, results: JobResults
) -> None:
    """A program reads from the answer where it is, and whether all is in it."""
    page = tmp_path / "there" / "page.html"
    done = _call(monkeypatch, results, "--output", str(page), "--json")

    assert json.loads(done.output) == {"report": str(page), "is_whole": True}
    assert "unseen test" in page.read_text()
    assert "Not known yet" not in page.read_text()
