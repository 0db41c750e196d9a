"""`kedro nas show`: leaderboard and winner of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    say,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.tables import format_table
from kedro_nas.space.architecture import Architecture

_COLUMNS = {
    "rank": "rank",
    "cv_mean": "CV mean",
    "cv_se": "± se",
    "tied": "tied",
    "params": "parameters",
    "macs": "MACs",
    "name": "network",
}


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
        value = read_results(search)
        exports = search.load_if_there("exports") if source else None
    if source:
        code = _source(value["best"], exports)
        say({"source": code}, code, as_json=as_json)
        return
    say(value, _text(value), as_json=as_json)


def read_results(search: Search) -> dict[str, Any]:
    """Read ranking, winner and test of a finished run.

    Returns:
        `namespace`, `ranking` (rows), `best` and, once the export stage ran, `test`.
    """
    ranking = search.load("ranking")
    return {
        "namespace": search.namespace,
        "ranking": ranking.to_dict(orient="records"),
        "best": search.load("best_architecture"),
        "test": search.load_if_there("test_metrics"),
    }


def _text(value: dict[str, Any]) -> str:
    best, test = value["best"], value["test"]
    lines = [
        format_table(value["ranking"], _COLUMNS),
        "",
        f"Winner: {best['name']}",
        str(best.get("sentence") or ""),
    ]
    if test:
        lines.append(
            f"Test: {test['accuracy']:.4f} ({test['ci_low']:.4f} to "
            f"{test['ci_high']:.4f}) on {test['n_images']} images"
        )
    return "\n".join(lines)


def _source(best: dict[str, Any], exports: Path | None) -> str:
    """Return the winner as Keras code, as it was trained where it was exported."""
    from kedro_nas.models.source import write_source

    network = Architecture.from_dict(best["architecture"])
    if exports is not None and _exported(exports) == network:
        return (exports / "network.py").read_text()
    return _PLACEHOLDER + write_source(network)


def _exported(exports: Path) -> Architecture | None:
    described = exports / "architecture.json"
    if not described.exists():
        return None
    return Architecture.from_dict(json.loads(described.read_text())["architecture"])
