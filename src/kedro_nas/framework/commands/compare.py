"""`kedro nas compare`: two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import click

from kedro_nas.framework.commands import json_option, print_answer
from kedro_nas.framework.commands.show import read_results
from kedro_nas.framework.project import opened
from kedro_nas.framework.terminal_tables import format_table
from kedro_nas.number_text import size_of
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.search import SearchResult


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
    runs = [_read(metadata, name) for name in (first, second)]
    sentence = _sentence(*runs)
    value = {"runs": [asdict(run) for run in runs], "sentence": sentence}
    print_answer(value, _text(runs, sentence), as_json=as_json)


@dataclass(frozen=True)
class ComparedRun:
    """A run, as far as it is compared.

    Attributes:
        run: As it was named.
        network: The winner in a line.
        mean: Its mean score in the ranking, with `ci_low` and `ci_high` around it.
        mean_over: `folds` or the `validation` images.
        ci_low: Lower end of the 95 % interval of the mean.
        ci_high: Upper end.
        test: Accuracy on the test images, None until they are read.
        test_low: Lower end of its 95 % interval.
        test_high: Upper end.
        params: Parameters.
        macs: Multiply-adds per image.
        architectures: Networks the search trained.
        search_s: Wall seconds of the search.
        seed: The root seed.
        data: Fingerprint of the data set.
    """

    run: str
    network: str
    mean: float | None
    mean_over: str
    ci_low: float | None
    ci_high: float | None
    test: float | None
    test_low: float | None
    test_high: float | None
    params: int | None
    macs: int | None
    architectures: int
    search_s: float
    seed: int
    data: str


def _read(metadata: Any, name: str) -> ComparedRun:
    namespace, _, env = name.partition("@")
    with opened(
        metadata.project_path, env=env or None, namespace=namespace or None
    ) as search:
        results = read_results(search)
        found = SearchResult.read(search.load("finalists")).search
        profile = DatasetProfile.read(search.load("dataset_profile"))
    best, test = results.best, results.test
    rows = results.ranking.itertuples()
    winner: Any = next(row for row in rows if row.key == best.key)
    return ComparedRun(
        run=name,
        network=best.name,
        mean=best.cv_mean,
        mean_over=best.plan.scored_on,
        ci_low=best.ci_low,
        ci_high=best.ci_high,
        test=None if test is None else test.accuracy,
        test_low=None if test is None else test.ci_low,
        test_high=None if test is None else test.ci_high,
        params=getattr(winner, "params", None),
        macs=getattr(winner, "macs", None),
        architectures=found.n_architectures,
        search_s=found.seconds,
        seed=found.seed,
        data=profile.fingerprint,
    )


_BETWEEN = " · "  # the stages of a network's name
_WIDEST = 44  # characters of a run's column: two of them fit a terminal of 120


def _text(runs: Sequence[ComparedRun], sentence: str) -> str:
    first, second = (_cells(run) for run in runs)
    lines = [
        {"what": "" if number else heading, "a": a, "b": b}
        for heading in first
        for number, (a, b) in enumerate(
            zip_longest(_wrapped(first[heading]), _wrapped(second[heading]))
        )
    ]
    columns = {"what": "", "a": runs[0].run, "b": runs[1].run}
    rows = [{key: cell or "" for key, cell in line.items()} for line in lines]
    return format_table(rows, columns) + "\n\n" + sentence


def _cells(run: ComparedRun) -> dict[str, str]:
    """Return what is shown of a run by its heading."""
    return {
        "winner": run.network,
        "mean score": _interval(run.mean, run.ci_low, run.ci_high),
        "over": run.mean_over,
        "test accuracy": _interval(run.test, run.test_low, run.test_high),
        "parameters": "-" if run.params is None else f"{run.params:,}",
        "MACs": "-" if run.macs is None else f"{run.macs:,}",
        "architectures": f"{run.architectures} tried",
        "search": f"{run.search_s:.0f} s",
        "seed": str(run.seed),
        "data set": run.data[:12],
    }


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.4f}"
    return f"{value:.4f} (95 %: {low:.4f} to {high:.4f})"


def _wrapped(text: str) -> list[str]:
    """Break a long network between its stages."""
    lines = [""]
    for part in text.split(_BETWEEN):
        longer = _BETWEEN.join(filter(None, (lines[-1], part)))
        if len(longer) <= _WIDEST or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _sentence(first: ComparedRun, second: ComparedRun) -> str:
    if first.data != second.data:
        return "They ran on different data; their accuracies cannot be compared."
    if first.test is None or second.test is None:
        return "Not both have read their test images yet."
    if first.test == second.test:
        return "Both are right on the same share of the test images."
    is_first = first.test > second.test
    better, other = (first, second) if is_first else (second, first)
    ahead = size_of(abs(first.test - second.test), 1)
    if (other.test_high or 0.0) >= (better.test_low or 0.0):
        return (
            f"{better.run} is {ahead} ahead on the test images, but the intervals "
            "overlap: this may be luck."
        )
    return f"{better.run} is {ahead} ahead on the test images."
