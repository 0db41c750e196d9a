"""`kedro nas show`: leaderboard and winner of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import JsonValue

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.terminal_tables import Cell, format_table
from kedro_nas.records.export import TestMetrics
from kedro_nas.records.ranking import Choice
from kedro_nas.space.architecture import Architecture

if TYPE_CHECKING:
    import pandas as pd

_PLACEHOLDER = """\
# Mean and standard deviation below are placeholders: this network was not exported yet,
# and its normalisation follows from the images of its final fit.
"""


@click.command()
@click.option("--source", is_flag=True, help="Print the winner as plain Keras code.")
@env_option
@namespace_option
@json_option
@click.pass_obj
def show(
    metadata: Any,
    env: str | None,
    namespace: str | None,
    *,
    source: bool,
    as_json: bool,
) -> None:
    """Show the leaderboard and the winner."""
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        results = read_results(search)
        exports = search.load_if_there("exports") if source else None
    if source:
        code = _source(results.best.architecture, exports)
        print_answer({"source": code}, code, as_json=as_json)
        return
    print_answer(results.to_json(), _text(results), as_json=as_json)


@dataclass(frozen=True)
class RunResults:
    """What a finished run left for people to read.

    Attributes:
        namespace: Of the search.
        ranking: `nas.ranking`, a row per contestant.
        best: The network that was chosen.
        test: Its scores on the test images; None until the export stage ran.
    """

    namespace: str
    ranking: pd.DataFrame
    best: Choice
    test: TestMetrics | None

    @property
    def rows(self) -> list[dict[str, Cell]]:
        """Rows of the ranking, from the best mean on."""
        rows = self.ranking.to_dict(orient="records")
        return [{str(name): cell for name, cell in row.items()} for row in rows]

    def to_json(self) -> dict[str, JsonValue]:
        """Return plain JSON values."""
        return {
            "namespace": self.namespace,
            "ranking": [{**row} for row in self.rows],
            "best": self.best.to_json(),
            "test": None if self.test is None else self.test.to_json(),
        }


def read_results(search: Search) -> RunResults:
    """Read ranking, winner and test of a finished run.

    Raises:
        DataError: The ranking was never written.
        RecordError: Another version wrote it.
    """
    test = search.load_if_there("test_metrics")
    return RunResults(
        search.namespace,
        search.load("ranking"),
        Choice.read(search.load("best_architecture")),
        None if test is None else TestMetrics.read(test),
    )


def _text(results: RunResults) -> str:
    best, test = results.best, results.test
    lines = [
        format_table(results.rows, columns_of(best)),
        "",
        f"Winner: {best.name}",
        best.sentence,
    ]
    if test is not None:
        lines.append(
            f"Test: {test.accuracy:.4f} ({test.ci_low:.4f} to {test.ci_high:.4f}) on "
            f"{test.n_images} images"
        )
    return "\n".join(lines)


def columns_of(best: Choice) -> dict[str, str]:
    """Return the columns of the leaderboard; the mean is named by what it is over."""
    mean = "CV mean" if best.plan.scored_on == "folds" else "on validation"
    return {
        "rank": "rank",
        "cv_mean": mean,
        "cv_se": "± se",
        "tied": "tied",
        "params": "parameters",
        "macs": "MACs",
        "name": "network",
    }


def _source(network: Architecture, exports: Path | None) -> str:
    """Return the winner as Keras code, as it was trained where it was exported."""
    from kedro_nas.models.source import write_source

    if exports is not None and _exported(exports) == network:
        return (exports / "network.py").read_text()
    return _PLACEHOLDER + write_source(network)


def _exported(exports: Path) -> Architecture | None:
    described = exports / "architecture.json"
    if not described.exists():
        return None
    return Architecture.from_dict(json.loads(described.read_text())["architecture"])
