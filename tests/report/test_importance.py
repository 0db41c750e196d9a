"""Choices that decide are found; where none does, that is said."""

from __future__ import annotations

import json

import numpy as np

from kedro_nas.report.importance import choice_table, rank_choices


def scored_by(trials, score):
    """Return first-rung trials with scores of one's own, by architecture."""
    first = trials[(trials["rung"] == 0) & (trials["status"] == "completed")]
    return first.assign(score=score(first))


def by_learning_rate(trials):
    return -np.abs(np.log(trials["learning_rate"].astype(float) / 2e-3))


def widen(architecture):
    """Give the last stage a width of its own, so that there are many."""
    value = json.loads(architecture)
    value["stages"][-1]["width"] += len(architecture) + int(value["stem"]["width"])
    return json.dumps(value)


def by_nothing(trials):
    return np.full(len(trials), 0.5)


def test_rank_choices_finds_the_choice_that_decides(make_results):
    """A score made of the learning rate alone puts the learning rate first."""
    trials = scored_by(make_results(n_networks=80).trials, by_learning_rate)

    found = rank_choices(trials)

    assert found.choices[0].name == "learning rate"
    assert found.choices[0].importance > 5 * found.choices[1].importance
    assert found.is_reliable


def test_rank_choices_of_noise_says_to_read_nothing_into_it(make_results):
    """Scores unrelated to the choices are not explained by them."""
    noise = np.random.default_rng(0).normal
    trials = make_results(n_networks=80).trials

    found = rank_choices(scored_by(trials, lambda frame: noise(0.8, 0.1, len(frame))))

    assert not found.is_reliable
    assert "the order below means nothing" in found.sentence


def test_rank_choices_of_few_networks_says_too_few(make_results):
    """Below twenty networks nothing is claimed."""
    found = rank_choices(make_results(n_networks=12).trials)

    assert found.choices == ()
    assert "Too few networks" in found.sentence


def test_rank_choices_of_equal_scores_claims_nothing(make_results):
    """When every network scored the same there is no difference to explain."""
    trials = scored_by(make_results(n_networks=40).trials, by_nothing)

    assert rank_choices(trials).choices == ()


def test_rank_choices_twice_gives_the_same(make_results):
    """Forest and shuffling are seeded."""
    trials = make_results(n_networks=40).trials

    assert rank_choices(trials) == rank_choices(trials)


def test_choice_table_leaves_out_what_never_varied(make_results):
    """Optimizer and stem kernel are constant here, and not choices."""
    table = choice_table(make_results().trials)

    assert "stage 1 block" in table
    assert "optimizer" not in table
    assert "stem kernel size" not in table


def test_rank_choices_of_a_stage_not_all_networks_have_lists_it_as_absent(
    make_results,
):
    """Many widths are put in ranges, and networks without the stage stay apart."""
    trials = make_results(n_networks=150).trials

    effects = {one.name: one.effect for one in rank_choices(trials).choices}

    assert "absent: " in effects["stage 3 width"]
    assert " to " in effects["learning rate"]


def test_rank_choices_of_many_widths_with_gaps_gives_ranges(make_results):
    """A choice with more than six values, some of them absent, does not fail."""
    trials = make_results(n_networks=60).trials
    trials = trials.assign(architecture=trials["architecture"].map(widen))

    effects = {one.name: one.effect for one in rank_choices(trials).choices}

    assert "absent: " in effects["stage 3 width"]
    assert " to " in effects["stage 3 width"]
