"""`kedro nas show`: leaderboard and winner of a run."""

from __future__ import annotations

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
    if source:
        code = _source(value["best"])
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


def _source(best: dict[str, Any]) -> str:
    from kedro_nas.models.source import write_source

    return write_source(Architecture.from_dict(best["architecture"]))
