"""`kedro nas compare`: two runs side by side."""

from __future__ import annotations

from typing import Any

import click

from kedro_nas.framework.commands import json_option, say
from kedro_nas.framework.commands.show import read_results
from kedro_nas.framework.project import opened
from kedro_nas.framework.tables import format_table
from kedro_nas.number_text import size_of


@click.command()
@click.argument("first")
@click.argument("second")
@json_option
@click.pass_obj
def compare(metadata: Any, first: str, second: str, *, as_json: bool) -> None:
    """Compare two runs, each named NAMESPACE, @ENV or NAMESPACE@ENV.

    For example `kedro nas compare nas @smoke` or `kedro nas compare defects.nas
    scratches.nas`. Test accuracies of different data sets are shown, not judged.
    """
    rows = [_read(metadata, name) for name in (first, second)]
    sentence = _sentence(*rows)
    say({"runs": rows, "sentence": sentence}, _text(rows, sentence), as_json=as_json)


def _read(metadata: Any, name: str) -> dict[str, Any]:
    namespace, _, env = name.partition("@")
    with opened(
        metadata.project_path, env=env or None, namespace=namespace or None
    ) as search:
        results = read_results(search)
        finalists = search.load("finalists")
        profile = search.load("dataset_profile")
    best, test, spent = results["best"], results["test"] or {}, finalists["search"]
    winner = next(row for row in results["ranking"] if row["key"] == best["key"])
    return {
        "run": name,
        "network": best["name"],
        "cv_mean": best.get("cv_mean"),
        "ci_low": best.get("ci_low"),
        "ci_high": best.get("ci_high"),
        "test": test.get("accuracy"),
        "test_low": test.get("ci_low"),
        "test_high": test.get("ci_high"),
        "params": winner.get("params"),
        "macs": winner.get("macs"),
        "architectures": spent.get("n_architectures"),
        "search_s": spent.get("seconds"),
        "seed": spent.get("seed"),
        "data": profile.get("fingerprint"),
    }


_LINES = {
    "network": "winner",
    "cv_mean": "CV mean",
    "ci_low": "CV 95 % from",
    "ci_high": "CV 95 % to",
    "test": "test accuracy",
    "test_low": "test 95 % from",
    "test_high": "test 95 % to",
    "params": "parameters",
    "macs": "MACs",
    "architectures": "architectures tried",
    "search_s": "seconds of search",
    "seed": "seed",
    "data": "data set",
}


def _text(rows: list[dict[str, Any]], sentence: str) -> str:
    first, second = rows
    lines = [
        {"what": heading, "a": first[key], "b": second[key]}
        for key, heading in _LINES.items()
    ]
    columns = {"what": "", "a": first["run"], "b": second["run"]}
    return format_table(lines, columns) + "\n\n" + sentence


def _sentence(first: dict[str, Any], second: dict[str, Any]) -> str:
    if first["data"] != second["data"]:
        return "They ran on different data; their accuracies cannot be compared."
    if first["test"] is None or second["test"] is None:
        return "Not both have read their test images yet."
    if first["test"] == second["test"]:
        return "Both are right on the same share of the test images."
    better, other = sorted((first, second), key=lambda run: -run["test"])
    ahead = size_of(better["test"] - other["test"], 1)
    if other["test_high"] >= better["test_low"]:
        return (
            f"{better['run']} is {ahead} ahead on the test images, but the "
            "intervals overlap: this may be luck."
        )
    return f"{better['run']} is {ahead} ahead on the test images."
