"""The answer claims what was measured, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kedro_nas.accounting.job_costs import compute_costs
from kedro_nas.parameters.reporting import CostOptions
from kedro_nas.records.export import AveragingEffect
from kedro_nas.report.answer import ENDED, answer_lines, averaging_sentence, caution


def answer(results, *, test=None, best=None, search=None):
    """Answer with some fields of the records replaced."""
    found = replace(
        results,
        test_metrics=results.test_metrics.model_copy(update=test or {}),
        best_architecture=results.best_architecture.model_copy(update=best or {}),
        finalists=results.finalists.model_copy(
            update={"search": results.finalists.search.model_copy(update=search or {})}
        ),
    )
    costs = compute_costs(CostOptions(), found)
    return answer_lines(
        found.test_metrics, found.best_architecture, found.finalists, costs
    )


def test_answer_lines_are_accuracy_baseline_and_effort(results):
    """Three sentences: what was found, against what, at what cost."""
    found, against, effort = answer(results)

    assert found.startswith("The network found classifies")
    assert "95 % interval" in found
    assert against.startswith(results.best_architecture.against_baseline.sentence)
    assert effort.startswith("It was chosen among 36 networks")


def test_answer_lines_of_a_chosen_baseline_say_so(results):
    """The baseline is not called a network that was found."""
    found, against, _ = answer(results, best={"is_baseline": True})

    assert found.startswith("The baseline classifies")
    assert "it alone is right" not in against


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ("accuracy", "always naming the commonest class gives"),
        ("balanced_accuracy", "on average over the classes"),
    ],
)
def test_answer_lines_at_chance_say_no_better_than_chance(results, objective, words):
    """Chance is that of the measure which was searched for."""
    found = answer(results, test={"beats_chance": False, "objective": objective})[0]

    assert found.startswith("No better than chance")
    assert words in found


def test_answer_lines_without_a_baseline_do_not_judge_the_search(results):
    """Nothing to compare with is said."""
    against = answer(results, best={"against_baseline": None})[1]

    assert against.startswith("No baseline was trained")


@pytest.mark.parametrize("ended_by", sorted(ENDED))
def test_answer_lines_tell_how_the_search_ended_and_what_failed(results, ended_by):
    """A search cut off by its budget is not told as complete."""
    effort = answer(results, search={"ended_by": ended_by, "n_failed": 3})[2]

    assert ENDED[ended_by] in effort
    assert ", 3 of " in effort
    assert "trials failed" in effort


def test_answer_lines_of_a_search_of_one_network_speak_of_no_choice(results):
    """Seconds for a single network are not told as a choice among 1 networks."""
    effort = answer(results, search={"n_architectures": 1})[2]

    assert effort.startswith("It is the only network that was trained, in ")


@pytest.mark.parametrize(("reads", "warns"), [(0, False), (1, False), (2, True)])
def test_caution_warns_from_the_second_reading_on(results, reads, warns):
    """The first reading of the test rows is what they are for."""
    text = caution(results.test_metrics.model_copy(update={"reads": reads}))

    assert bool(text) is warns
    assert not warns or "read for 2 different models" in text


def test_answer_lines_by_another_objective_say_what_it_is(results):
    """Accuracy is what a reader knows; what was maximised comes with its interval."""
    test = {
        "objective": "macro_f1",
        "objective_score": 0.8,
        "objective_low": 0.75,
        "objective_high": 0.85,
    }
    found = answer(results, test=test)[0]

    assert "What the search maximised, macro F1, is 80" in found
    assert "floors" not in found


def test_answer_lines_name_the_floors_that_are_missed(results):
    """A floor that the test images do not bear out is no small print."""
    first, *others = results.test_metrics.per_class
    missed = first.model_copy(update={"recall": 0.5, "recall_floor": 0.9})
    kept = [one.model_copy(update={"recall_floor": 0.01}) for one in others]
    found = answer(results, test={"per_class": (missed, *kept)})[0]

    assert f"Floors of recall missed: {first.class_name} 50" in found
    assert others[0].class_name not in found


@pytest.mark.parametrize("latency", [0.003, None])
def test_averaging_sentence_tells_gain_and_cost(results, latency):
    """Who needs the speed sees what it costs to leave averaging out."""
    effect = AveragingEffect(
        accuracy_alone=0.9,
        gain=0.007,
        ci_low=-0.001,
        ci_high=0.015,
        latency_s_p50_alone=0.001,
        latency_s_p90_alone=0.002,
    )
    test = results.test_metrics.model_copy(
        update={"averaging": effect, "accuracy": 0.907, "latency_s_p50": latency}
    )
    said = averaging_sentence(test).replace("\N{NO-BREAK SPACE}", " ")

    assert "90.7 % instead of 90.0 % of the test images, +0.70 points" in said
    assert "averaging: none" in said
    assert ("3 ms instead of 1 ms" in said) is (latency is not None)


def test_averaging_sentence_of_a_model_that_does_not_is_empty(results):
    """Nothing is said of what was not done."""
    assert averaging_sentence(results.test_metrics) == ""
