"""`kedro nas report`: the page of a run that goes on, was cut off, or has ended."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kedro_nas.files import write_atomically
from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.run_status import read_status
from kedro_nas.parameters.reporting import ReportingOptions


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File to write; by default nas_report.html, named after the namespace, here.",
)
@env_option
@namespace_option
@json_option
@click.pass_obj
def report(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    *,
    output: Path | None,
    as_json: bool,
) -> None:
    """Write the report with what is known so far, at any time of a run.

    It reads what other processes write, waits for none of them, and changes no output
    of the run.
    """
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        place = output or Path(f"{search.namespace.replace('.', '_')}_report.html")
        page, is_whole = _page(search)
    write_atomically(place, lambda file: file.write(page.encode()))
    said = "All results are in it." if is_whole else "The run has not ended."
    print_answer(
        {"report": str(place.resolve()), "is_whole": is_whole},
        f"{place.resolve()}\n{said}",
        as_json=as_json,
    )


def _page(search: Search) -> tuple[str, bool]:
    """Return the page, and whether all results are in it."""
    # `kedro nas --help` imports this module, and these import SciPy and Plotly
    from kedro_nas.framework.results_so_far import read_results_so_far
    from kedro_nas.report.page import write_report
    from kedro_nas.report.so_far import ResultsSoFar, write_report_so_far

    options = search.options(ReportingOptions, "reporting")
    now = datetime.now().astimezone().strftime("%H:%M:%S on %d %B %Y")
    results = read_results_so_far(search, read_status(search), now)
    if isinstance(results, ResultsSoFar):
        return write_report_so_far(results, options), False
    return write_report(results, options).html, True
