"""The answer in three lines, claiming no more than the intervals allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro_nas.accounting.costs import Costs
from kedro_nas.report.formats import duration, is_number, p_value, percent, whole

ENDED = {
    "schedule": "the schedule was completed",
    "budget": "the budget was used up",
    "space exhausted": "every network of the space had been tried",
}


def answer_lines(
    test_metrics: Mapping[str, Any],
    best_architecture: Mapping[str, Any],
    finalists: Mapping[str, Any],
    costs: Costs,
) -> list[str]:
    """Say what was found, against what, and at what cost.

    Args:
        test_metrics: `nas.test_metrics`.
        best_architecture: `nas.best_architecture`.
        finalists: `nas.finalists`.
        costs: Of the whole job.
    """
    return [
        _found(test_metrics, best_architecture),
        _against_baseline(test_metrics, best_architecture),
        _effort(finalists.get("search", {}), costs),
    ]


def beats_chance(test_metrics: Mapping[str, Any]) -> bool:
    """Tell whether the test interval lies above always naming the commonest class."""
    if "beats_chance" in test_metrics:
        return bool(test_metrics["beats_chance"])
    low, chance = test_metrics.get("ci_low"), test_metrics.get("chance")
    return not (is_number(low) and is_number(chance)) or bool(low > chance)


def caution(test_metrics: Mapping[str, Any]) -> str:
    """Say when the test split has been read for several winners, else nothing."""
    reads = test_metrics.get("reads")
    if not is_number(reads) or reads <= 1:
        return ""
    return (
        f"This test split has been read for {reads} different winners. Each further"
        " reading makes the best of them look better than it is."
    )


def _found(test: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    if not is_number(test.get("accuracy")):
        return f"{best.get('name')} was chosen; the test images were not read."
    interval = f"95 % interval {percent(test['ci_low'])} to {percent(test['ci_high'])}"
    n_images = whole(test.get("n_images"))
    if not beats_chance(test):
        if test.get("objective") == "balanced_accuracy":
            return (
                "No better than chance: on average over the classes,"
                f" {percent(test['balanced_accuracy'])} of {n_images} unseen test"
                " images are classified correctly."
            )
        return (
            f"No better than chance: {percent(test['accuracy'])} of {n_images} unseen"
            f" test images are classified correctly ({interval}); always naming the"
            f" commonest class gives {percent(test['chance'])}."
        )
    role = "The baseline" if best.get("is_baseline") else "The network found"
    return (
        f"{role} classifies {percent(test['accuracy'])} of {n_images} unseen test"
        f" images correctly ({interval})."
    )


def _against_baseline(test: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    against, mcnemar = best.get("against_baseline"), test.get("mcnemar")
    if not against:
        return "No baseline took part, so nothing says the search was worth its time."
    sentence = str(against["sentence"])
    if best.get("is_baseline") or not mcnemar:
        return sentence
    return (
        f"{sentence} On the test images it alone is right"
        f" {whole(mcnemar['only_winner_right'])} times, the baseline alone"
        f" {whole(mcnemar['only_baseline_right'])} times"
        f" (p = {p_value(mcnemar['p_value'])})".replace("p = <", "p <")
        + "."
    )


def _effort(search: Mapping[str, Any], costs: Costs) -> str:
    n_networks = whole(search.get("n_architectures"))
    ended = ENDED.get(str(search.get("ended_by")), "")
    failed = search.get("n_failed") or 0
    trouble = f", {failed} of {whole(search.get('n_trials'))} trials failed" * bool(
        failed
    )
    reason = f" ({ended}{trouble})" if ended else trouble
    return (
        f"It was chosen among {n_networks} networks in"
        f" {duration(search.get('seconds'))} of search{reason}; everything together"
        f" took {duration(costs.ledger.total_s)}."
    )
