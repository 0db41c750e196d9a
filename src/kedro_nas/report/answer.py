"""The result of a job in three sentences, no stronger than the intervals allow."""

from __future__ import annotations

from kedro_nas.accounting.job_costs import JobCosts
from kedro_nas.number_text import duration, named_p_value, points, whole
from kedro_nas.records.export import TestMetrics
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult, SearchSummary
from kedro_nas.report.typesetting import percent
from kedro_nas.statistics.objectives import title_of

ENDED = {
    "schedule": "the schedule was completed",
    "budget": "the budget was used up",
    "space exhausted": "every network of the space had been tried",
    "no improvement": "no better network was found for long (stop_after_networks)",
    "target reached": "a network reached target_score",
}


def answer_lines(
    test_metrics: TestMetrics,
    best_architecture: Choice,
    finalists: SearchResult,
    costs: JobCosts,
) -> list[str]:
    """Return three sentences: the test accuracy, against the baseline, at what cost.

    Args:
        test_metrics: `nas.test_metrics`.
        best_architecture: `nas.best_architecture`.
        finalists: `nas.finalists`.
        costs: Of all stages.
    """
    return [
        _found(test_metrics, best_architecture) + _objective(test_metrics),
        _against_baseline(test_metrics, best_architecture),
        _effort(finalists.search, costs),
    ]


def averaging_sentence(test: TestMetrics) -> str:
    """Return what averaging over views of an image gained and cost, '' without it."""
    effect = test.averaging
    if effect is None:
        return ""
    cost = ""
    if test.latency_s_p50 is not None:
        cost = (
            f" One image takes {1e3 * test.latency_s_p50:.3g} ms instead of"
            f" {1e3 * effect.latency_s_p50_alone:.3g} ms in Keras on this machine"
            " (median)."
        )
    return (
        "The exported model averages its answer over shifted or mirrored views of an"
        f" image: {percent(test.accuracy)} instead of {percent(effect.accuracy_alone)}"
        f" of the test images, {points(effect.gain, ' points')} (95 % interval"
        f" {points(effect.ci_low)} to {points(effect.ci_high)}).{cost}"
        " nas.export.averaging: none leaves it out."
    )


def caution(test_metrics: TestMetrics) -> str:
    """Return a warning where the test split has been read several times, else ''."""
    if test_metrics.reads <= 1:
        return ""
    return (
        f"This test split has been read for {test_metrics.reads} different models,"
        " refitted ones included. Each further reading makes the best of them look"
        " better than it is."
    )


def _found(test: TestMetrics, best: Choice) -> str:
    interval = f"95 % interval {percent(test.ci_low)} to {percent(test.ci_high)}"
    n_images = whole(test.n_images)
    if not test.beats_chance:
        if test.objective not in ("accuracy", "log_loss"):
            return (
                "No better than chance: on average over the classes,"
                f" {percent(test.balanced_accuracy)} of {n_images} unseen test"
                " images are classified correctly."
            )
        return (
            f"No better than chance: {percent(test.accuracy)} of {n_images} unseen"
            f" test images are classified correctly ({interval}); always naming the"
            f" commonest class gives {percent(test.chance)}."
        )
    role = "The baseline" if best.is_baseline else "The network found"
    return (
        f"{role} classifies {percent(test.accuracy)} of {n_images} unseen test"
        f" images correctly ({interval})."
    )


def _objective(test: TestMetrics) -> str:
    """Return what the objective is on the test images, and which floors are missed."""
    said = ""
    low, high = test.objective_low, test.objective_high
    if test.objective_score is not None and low is not None and high is not None:
        floored = any(one.recall_floor is not None for one in test.per_class)
        said = (
            f" What the search maximised, {title_of(test.objective)}"
            f"{' with floors of recall' * floored}, is {percent(test.objective_score)}"
            f" (95 % interval {percent(low)} to {percent(high)})."
        )
    missed = [
        f"{one.class_name} {percent(one.recall)} of {percent(one.recall_floor)}"
        for one in test.per_class
        if one.recall_floor is not None and one.recall < one.recall_floor
    ]
    return f"{said} Floors of recall missed: {', '.join(missed)}." if missed else said


def _against_baseline(test: TestMetrics, best: Choice) -> str:
    against, mcnemar = best.against_baseline, test.mcnemar
    if against is None:
        return (
            "No baseline was trained, so it is unknown whether the search was worth"
            " its time."
        )
    if best.is_baseline or mcnemar is None:
        return against.sentence
    return (
        f"{against.sentence} On the test images it alone is right"
        f" {whole(mcnemar.only_winner_right)} times, the baseline alone"
        f" {whole(mcnemar.only_baseline_right)} times"
        f" ({named_p_value(mcnemar.p_value)})."
    )


def _choice_of(n_networks: int) -> str:
    if n_networks == 1:
        return "It is the only network that was trained,"
    return f"It was chosen among {whole(n_networks)} networks"


def _effort(search: SearchSummary, costs: JobCosts) -> str:
    failed = ""
    if search.n_failed:
        failed = f", {search.n_failed} of {whole(search.n_trials)} trials failed"
    how = ENDED[search.ended_by] if search.ended_by else "it has not ended"
    return (
        f"{_choice_of(search.n_architectures)} in"
        f" {duration(search.seconds)} of search ({how}{failed});"
        f" everything together took {duration(costs.time.total_s)}."
    )
