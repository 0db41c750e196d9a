"""Choices that decide are found; where none does, that is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kedro_nas.report.importance import (
    ABSENT,
    MAX_VALUES,
    MIN_NETWORKS,
    N_SHUFFLES,
    _effect,
    _encode,
    _shuffled_copies,
    choice_table,
    rank_choices,
)


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


def effect_text(values, scores):
    """Return an effect with plain spaces; the page has some that do not break."""
    return _effect(values, scores).replace("\N{NO-BREAK SPACE}", " ")


def test_effect_of_few_values_lists_each_best_first():
    """A reader sees which value to take, and by how much."""
    values = pd.Series(["se", "none", "se", "none"])
    text = effect_text(values, np.array([0.9, 0.5, 0.7, 0.5]))

    assert text == "se: 80.0 % · none: 50.0 %"


def test_effect_of_whole_numbers_with_gaps_has_no_decimals():
    """Pandas makes floats of a column with a gap; 3 stays 3, and the gap is named."""
    text = effect_text(pd.Series([3.0, 5.0, np.nan]), np.array([0.1, 0.2, 0.3]))

    assert text == f"{ABSENT}: 30.0 % · 5: 20.0 % · 3: 10.0 %"


def test_effect_of_many_numbers_is_three_ranges_from_the_smallest_to_the_largest():
    """No range begins below what was tried."""
    values = pd.Series(np.arange(1, 10, dtype=float))
    text = effect_text(values, np.linspace(0, 1, 9))
    parts = text.split(" · ")

    assert len(parts) == 3
    assert parts[-1].startswith("1 to ")
    assert parts[0].split(":")[0].endswith(" to 9")


def test_effect_of_many_words_is_cut():
    """A cell of the page stays a cell."""
    values = pd.Series([f"block_{number}" for number in range(20)])
    text = effect_text(values, np.linspace(0, 1, 20))

    assert text.count(" · ") == MAX_VALUES
    assert text.startswith("block_19: 100.0 %")


def test_encode_gives_equal_numbers_to_equal_choices():
    """Words, numbers and gaps are all columns of numbers, without a missing one."""
    table = pd.DataFrame(
        {"word": ["b", "a", None, "b"], "number": [0.5, np.nan, 2.0, 0.5]}
    )
    found = _encode(table)

    assert found.shape == (4, 2)
    assert np.isfinite(found).all()
    assert found[0].tolist() == found[3].tolist()
    assert len(set(found[:, 0])) == len(set(found[:, 1])) == 3


def test_shuffled_copies_change_one_column_each_and_keep_its_values():
    """The first is as it was; what is lost by a copy is lost by that choice alone."""
    rows = np.arange(40.0).reshape(10, 4)
    copies = _shuffled_copies(rows, np.random.default_rng(0))

    assert copies.shape == (1 + 4 * N_SHUFFLES, 10, 4)
    assert np.array_equal(copies[0], rows)
    for number, copy in enumerate(copies[1:]):
        column = number // N_SHUFFLES
        others = [other for other in range(4) if other != column]
        assert np.array_equal(copy[:, others], rows[:, others])
        assert np.array_equal(np.sort(copy[:, column]), rows[:, column])
        assert not np.array_equal(copy[:, column], rows[:, column])


@pytest.mark.parametrize("n", [MIN_NETWORKS - 1, 0])
def test_rank_choices_just_below_the_least_number_claims_nothing(make_results, n):
    """How many there were, and how many are needed, is said."""
    trials = scored_by(make_results(n_networks=60).trials, by_learning_rate)
    found = rank_choices(trials.drop_duplicates("key").head(n))

    assert (found.choices, found.n, found.is_reliable) == ((), n, False)
    assert f"({n} of at least {MIN_NETWORKS})" in found.sentence


def test_choice_table_has_the_options_of_blocks_and_the_parts_of_backbones():
    """What a space lets vary is a column, by the name a reader knows."""
    base = {
        "stem": {"width": 8}, "head": {"dropout": 0.1},
        "recipe": {"learning_rate": 0.1}, "activation": "relu",
    }  # fmt: skip
    stage = {"block": "inverted", "options": [["expansion", 4]]}
    texts = [
        json.dumps({**base, "stages": [stage], "backbone": None}),
        json.dumps({**base, "stages": [], "backbone": {"unfrozen": 2}}),
    ]
    table = choice_table(pd.DataFrame({"architecture": texts}))

    assert set(table) == {
        *("number of stages", "stage 1 block", "stage 1 expansion"),
        "backbone unfrozen",
    }
    assert table["stage 1 expansion"].isna().tolist() == [False, True]
