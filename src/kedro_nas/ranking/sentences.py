"""Sentences on the result of a ranking and its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

from kedro_nas.number_text import named_p_value, percent, points, size_of
from kedro_nas.parameters.base import CostName
from kedro_nas.ranking.pairing import Comparison
from kedro_nas.records.ranking import Rule
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.paired import PairedTest

# the contestant that costs least, and what it costs, by the name of the cost
CHEAPEST: Mapping[CostName, tuple[str, str]] = {
    "params": ("the smallest", "parameters"),
    "macs": ("the one with the fewest multiply-adds", "multiply-adds"),
    "latency": ("the fastest", "latency"),
}


def choice_sentence(
    table: Comparison,
    best: str,
    chosen: str,
    *,
    rule: Rule,
    tied_above_p: float,
    cost: CostName,
    costs: Mapping[str, float],
) -> str:
    """Return a sentence on the winner, its lead, the p-value and the ties.

    Args:
        table: Scores on the same images.
        best: Key of the best mean among those that may be chosen.
        chosen: Key of the winner.
        rule: Rule by which it was chosen.
        tied_above_p: Contestants with a p-value at least this are tied.
        cost: Cost by which the rule calls a contestant smaller.
        costs: That cost of each contestant, by key.
    """
    parts = [_winner(table, best, chosen, rule, cost)]
    others = [key for key in table.complete if key != chosen]
    if not others:
        parts.append("Nothing else was scored on the same images to compare it with.")
    elif chosen == best:
        # not those before it, which were passed over for their latency
        behind = table.complete[table.complete.index(chosen) + 1 :]
        parts += [_lead(table, chosen, one, tied_above_p) for one in behind[:1]]
    else:
        parts.append(_gap(table, best, chosen, cost, costs))
    parts.append(_ties(table, best, chosen, tied_above_p))
    parts.append(_failed(table))
    return " ".join(part for part in parts if part)


def baseline_sentence(table: Comparison, chosen: str, test: PairedTest | None) -> str:
    """Return a sentence on whether the winner beat the baseline.

    Args:
        table: Scores on the same images.
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
            "The winner could not be compared with the baseline: they were not both"
            " scored on the same images."
        )
    numbers = (
        f"{points(test.difference, ' points')} (95 % interval {points(test.ci_low)} to"
        f" {points(test.ci_high)}, {named_p_value(test.p_value)})"
    )
    if table.is_single_split:
        return _on_validation(test, numbers)
    if test.ci_low > 0:
        return f"It beats the baseline in cross-validation: {numbers}."
    if test.ci_high < 0:
        return f"It did not beat the baseline: it is worse, {numbers}."
    return f"It did not beat the baseline: {numbers} is within chance."


def _on_validation(test: PairedTest, numbers: str) -> str:
    """Return the sentence for a comparison made before the final training."""
    where = (
        f"after equally short trainings, on the same {test.n:,} validation images:"
        f" {numbers}. What the final training adds is not compared here"
    )
    if test.ci_low > 0:
        return f"It is ahead of the baseline {where}."
    if test.ci_high < 0:
        return f"It is behind the baseline {where}."
    return f"It is not ahead of the baseline beyond chance {where}."


def label(contestant: Finalist) -> str:
    """Return a short name of a contestant for use in sentences."""
    if contestant.is_baseline:
        return "the baseline"
    return f"{contestant.key[:6]} ({contestant.params:,} parameters)"


def _winner(
    table: Comparison, best: str, chosen: str, rule: Rule, cost: CostName
) -> str:
    mean = table.means[chosen]
    who = label(table.contestants[chosen])
    role = "The baseline" if chosen == table.baseline else f"Network {who}"
    if rule == "proven_network" and table.contestants[chosen].is_proven:
        return (
            f"{role} was chosen with {percent(mean.mean)} on {table.scored_on(chosen)}:"
            " it is the best proven network sized to the budget, and no other was"
            " better by two standard errors of their difference."
        )
    if mean.n < 2:
        return (
            f"{role} was chosen with {percent(mean.mean)} on one fold; one fold"
            " cannot say how much of that is luck."
        )
    score = (
        f"{percent(mean.mean)} over {table.scored_on(chosen)} (95 % interval"
        f" {percent(mean.ci_low)} to {percent(mean.ci_high)})"
    )
    if chosen == best:
        among = "" if best == table.complete[0] else " of those within the bound"
        return f"{role} was chosen: it has the best mean{among}, {score}."
    if rule == "proven_network":
        return (
            f"{role} was chosen with {score}: it is better than any proven network by"
            " more than two standard errors of their difference."
        )
    return (
        f"{role} was chosen with {score}: it is {CHEAPEST[cost][0]} within one"
        " standard error of the best."
    )


def _lead(table: Comparison, chosen: str, second: str, tied_above_p: float) -> str:
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


def _gap(
    table: Comparison,
    best: str,
    chosen: str,
    cost: CostName,
    costs: Mapping[str, float],
) -> str:
    test = table.compare(best, chosen)
    if test is None:
        return ""
    share = costs[chosen] / costs[best] if costs[best] else 1.0
    of_its_cost = f"the chosen one has {percent(share, 0)} of its {CHEAPEST[cost][1]}."
    if not test.difference:
        return f"{label(table.contestants[best])} scored the same; {of_its_cost}"
    return (
        f"The best mean, {label(table.contestants[best])}, is"
        f" {size_of(test.difference)} higher; two equal networks would differ by as"
        f" much in {percent(test.p_value)} of such comparisons, and {of_its_cost}"
    )


def _ties(table: Comparison, best: str, chosen: str, tied_above_p: float) -> str:
    tied = []
    for key in table.complete:
        test = table.compare(best, key) if key not in (best, chosen) else None
        if test is not None and test.p_value >= tied_above_p:
            tied.append(label(table.contestants[key]))
    if not tied:
        return ""
    return f"Not distinguishable from the best at 5 %: {', '.join(tied)}."


def _failed(table: Comparison) -> str:
    failures = table.failures()
    what = "Not compared" if table.is_single_split else "Folds were lost"
    return f"{what}: {failures}." if failures else ""
