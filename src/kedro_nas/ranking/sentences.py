"""What the numbers say, in sentences that claim no more than they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro_nas.number_text import named_p_value, percent, points, size_of
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.statistics.paired import PairedTest


def choice_sentence(
    table: FoldTable, best: str, chosen: str, *, tied_above_p: float
) -> str:
    """Describe who won, by how much, how likely that is luck, and the ties.

    Args:
        table: Fold scores.
        best: Key of the best mean.
        chosen: Key of the winner.
        tied_above_p: Contestants with a p-value at least this are tied.
    """
    parts = [_winner(table, best, chosen)]
    others = [key for key in table.complete if key != chosen]
    if not others:
        parts.append("Nothing else completed the same folds to compare it with.")
    elif chosen == best:
        parts.append(_lead(table, chosen, others[0], tied_above_p))
    else:
        parts.append(_gap(table, best, chosen))
    parts.append(_ties(table, best, chosen, tied_above_p))
    parts.append(_failed(table))
    return " ".join(part for part in parts if part)


def baseline_sentence(table: FoldTable, chosen: str, test: PairedTest | None) -> str:
    """Describe plainly whether the winner beat the baseline.

    Args:
        table: Fold scores.
        chosen: Key of the winner.
        test: Winner minus baseline, None when they cannot be compared.
    """
    if chosen == table.baseline:
        return (
            "The hand-built baseline itself was chosen: the search did not find a"
            " network that is worth replacing it."
        )
    if test is None:
        return (
            "The winner could not be compared with the baseline: fewer than two folds"
            " were completed by both."
        )
    numbers = (
        f"{points(test.difference, ' points')} (95 % interval {points(test.ci_low)} to"
        f" {points(test.ci_high)}, {named_p_value(test.p_value)})"
    )
    if test.ci_low > 0:
        return f"It beats the baseline in cross-validation: {numbers}."
    if test.ci_high < 0:
        return f"It did not beat the baseline: it is worse, {numbers}."
    return f"It did not beat the baseline: {numbers} is within chance."


def label(contestant: Mapping[str, Any]) -> str:
    """Name a contestant shortly; its full name is too long for a sentence.

    >>> label({"key": "c387d7bd5305", "params": 350752})
    'c387d7 (350,752 parameters)'
    """
    if contestant.get("is_baseline"):
        return "the baseline"
    params = contestant.get("params")
    size = "" if params is None else f" ({int(params):,} parameters)"
    return f"{str(contestant['key'])[:6]}{size}"


def _winner(table: FoldTable, best: str, chosen: str) -> str:
    mean = table.means[chosen]
    who = label(table.contestants[chosen])
    role = "The baseline" if chosen == table.baseline else f"Network {who}"
    if mean.n < 2:
        return (
            f"{role} was chosen with {percent(mean.mean)} on one fold; one fold"
            " cannot say how much of that is luck."
        )
    score = (
        f"{percent(mean.mean)} over {mean.n} folds (95 % interval"
        f" {percent(mean.ci_low)} to {percent(mean.ci_high)})"
    )
    if chosen == best:
        return f"{role} was chosen: it has the best mean, {score}."
    return (
        f"{role} was chosen with {score}: it is the smallest within one standard"
        " error of the best."
    )


def _lead(table: FoldTable, chosen: str, second: str, tied_above_p: float) -> str:
    test = table.compare(chosen, second)
    if test is None:
        return ""
    verdict = (
        "so the lead may well be luck"
        if test.p_value >= tied_above_p
        else "so the lead is hardly luck"
    )
    return (
        f"It leads the next, {label(table.contestants[second])}, by"
        f" {size_of(test.difference)}; two equal networks would differ by as much in"
        f" {percent(test.p_value)} of such comparisons, {verdict}."
    )


def _gap(table: FoldTable, best: str, chosen: str) -> str:
    test = table.compare(best, chosen)
    if test is None:
        return ""
    size = table.size(chosen) / table.size(best) if table.size(best) else 1.0
    return (
        f"The best mean, {label(table.contestants[best])}, is"
        f" {size_of(test.difference)} higher; two equal networks would differ by as"
        f" much in {percent(test.p_value)} of such comparisons, and the chosen one"
        f" has {percent(size, 0)} of its parameters."
    )


def _ties(table: FoldTable, best: str, chosen: str, tied_above_p: float) -> str:
    tied = []
    for key in table.complete:
        test = table.compare(best, key) if key not in (best, chosen) else None
        if test is not None and test.p_value >= tied_above_p:
            tied.append(label(table.contestants[key]))
    if not tied:
        return ""
    return f"Not distinguishable from the best at 5 %: {', '.join(tied)}."


def _failed(table: FoldTable) -> str:
    failures = table.failures()
    return f"Folds were lost: {failures}." if failures else ""
