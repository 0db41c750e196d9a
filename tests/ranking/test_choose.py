"""One is chosen, for a stated reason, and luck is called luck."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.finalists import build_finalist
from tests.latency_checks import latency_check

from kedro_nas.errors import RankingError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.choose import rank_contestants
from kedro_nas.ranking.image_table import ImageTable
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.statistics.paired import corrected_t_test

HARD = np.array([0.010, -0.008, 0.004, -0.010, 0.004])
NOISE = np.array([0.004, -0.002, -0.004, 0.003, -0.001])


def folds(key, mean, *, noise=0.0, failed=()):
    return [
        {
            "key": key, "name": key, "is_baseline": False, "repeat": 0, "fold": fold,
            "status": "failed" if fold in failed else "completed",
            "reason": "out of memory" if fold in failed else None,
            "accuracy": np.nan if fold in failed else score,
            "balanced_accuracy": 1 - score, "n_train": 800, "n_held_out": 200,
            "seconds": 2.0,
        }
        for fold, score in enumerate(mean + HARD + noise * NOISE)
    ]  # fmt: skip


def rank(contestants, rows, **options):
    objective = options.pop("objective", "accuracy")
    table = FoldTable.read(pd.DataFrame(rows), contestants, objective)
    latency = options.pop("latency", None)
    ranked = rank_contestants(
        table, RankingOptions(**options), objective=objective, latency=latency
    )
    return ranked.table, ranked.choice


LARGE, SMALL = build_finalist("large1", 1000), build_finalist("small1", 100)
BASELINE = build_finalist("base01", 500, is_baseline=True, score=None)


def test_rank_contestants_within_one_standard_error_chooses_the_smaller():
    """A gap smaller than its own error is not worth ten times the parameters."""
    rows = folds("large1", 0.9) + folds("small1", 0.8995, noise=1)

    ranking, best = rank([LARGE, SMALL], rows)

    assert list(ranking["key"]) == ["large1", "small1"]
    assert best.key == "small1"
    assert "smallest within one standard error" in best.sentence
    assert "10 % of its parameters" in best.sentence


@pytest.mark.parametrize(
    ("standard_errors", "chosen"), [(0.95, "small1"), (1.05, "large1"), (2, "large1")]
)
def test_rank_contestants_draws_the_line_at_one_standard_error(standard_errors, chosen):
    """Just below one corrected error of the gap the smaller wins, just above not."""
    se = corrected_t_test(NOISE, n_train=800, n_held_out=200).se
    rows = folds("large1", 0.9) + folds("small1", 0.9 - standard_errors * se, noise=1)

    _, best = rank([LARGE, SMALL], rows)

    assert best.key == chosen


def test_rank_contestants_by_best_mean_chooses_the_best_whatever_its_size():
    """`best_mean` never trades accuracy for size, but still says it may be luck."""
    rows = folds("large1", 0.9) + folds("small1", 0.8995, noise=1)

    _, best = rank([LARGE, SMALL], rows, rule="best_mean")

    assert best.key == "large1"
    assert "may well be luck" in best.sentence


def test_rank_contestants_with_a_clear_lead_chooses_it_and_says_hardly_luck():
    """Three points on every fold alike are no luck, and nobody is tied."""
    rows = folds("large1", 0.93, noise=1) + folds("small1", 0.9)

    ranking, best = rank([LARGE, SMALL], rows)

    assert best.key == "large1"
    assert "hardly luck" in best.sentence
    assert list(ranking["tied"]) == [True, False]


def test_rank_contestants_reports_the_optimism_of_the_search():
    """Optimism is the search's score less the mean over the folds."""
    ranking, _ = rank([LARGE], folds("large1", 0.9))

    assert ranking.loc[0, "optimism"] == pytest.approx(0.05)


def test_rank_contestants_that_beat_the_baseline_say_so_with_an_interval():
    """The interval of the difference lies above zero, and the sentence says so."""
    rows = folds("large1", 0.93, noise=1) + folds("base01", 0.9)

    _, best = rank([LARGE, BASELINE], rows)

    assert best.against_baseline.beats_baseline
    assert best.against_baseline.ci_low > 0
    assert best.against_baseline.sentence.startswith("It beats the baseline")


def test_rank_contestants_that_tie_with_the_baseline_did_not_beat_it():
    """A difference within chance is reported as not beating the baseline."""
    rows = folds("large1", 0.901, noise=1) + folds("base01", 0.9)

    _, best = rank([LARGE, BASELINE], rows, rule="best_mean")

    assert not best.against_baseline.beats_baseline
    assert "did not beat the baseline" in best.against_baseline.sentence


def test_rank_contestants_may_choose_the_baseline_itself():
    """A baseline that is best is the winner, said plainly."""
    rows = folds("large1", 0.85, noise=1) + folds("base01", 0.9)

    ranking, best = rank([LARGE, BASELINE], rows)

    assert best.is_baseline
    assert "baseline itself was chosen" in best.against_baseline.sentence
    assert ranking.set_index("key").loc["base01", "chosen"]


def test_rank_contestants_without_a_baseline_has_nothing_to_say_about_one():
    """No baseline leaves both fields empty rather than invented."""
    _, best = rank([LARGE], folds("large1", 0.9))

    assert best.baseline is None
    assert best.against_baseline is None


def test_rank_contestants_never_chooses_one_that_lost_a_fold_others_completed():
    """The best mean over fewer folds is listed last, and its failure is told."""
    rows = folds("large1", 0.95, failed=(2,)) + folds("small1", 0.9)

    ranking, best = rank([LARGE, SMALL], rows)

    assert best.key == "small1"
    assert list(ranking["key"]) == ["small1", "large1"]
    assert "1 fold(s) failed (out of memory)" in best.sentence


def test_rank_contestants_of_which_one_failed_altogether_still_ranks_the_other():
    """A contestant without any fold has a row without a mean."""
    rows = folds("large1", 0.95, failed=range(5)) + folds("small1", 0.9)

    ranking, best = rank([LARGE, SMALL], rows)

    assert best.key == "small1"
    assert np.isnan(ranking.set_index("key").loc["large1", "cv_mean"])


def test_rank_contestants_when_every_fold_failed_names_the_reason():
    """Nothing to rank is an error that repeats why the folds failed."""
    with pytest.raises(RankingError, match="out of memory"):
        rank([LARGE], folds("large1", 0.9, failed=range(5)))


def test_rank_contestants_on_one_fold_says_nothing_about_luck():
    """One fold gives an order, and strict JSON without an interval."""
    rows = [row for row in folds("large1", 0.9) + folds("small1", 0.8)
            if row["fold"] == 0]  # fmt: skip

    _, best = rank([LARGE, SMALL], rows)

    assert best.key == "large1"
    assert "one fold cannot say" in best.sentence
    json.dumps(best.to_json(), allow_nan=False)


def test_rank_contestants_by_balanced_accuracy_uses_that_column():
    """The objective of the verdict decides, not accuracy."""
    rows = folds("large1", 0.9) + folds("small1", 0.8)

    _, best = rank([LARGE, SMALL], rows, objective="balanced_accuracy")

    assert best.key == "small1"
    assert best.objective == "balanced_accuracy"


def test_rank_contestants_with_an_unknown_objective_lists_the_columns():
    """An objective that was never scored is refused, with what there is."""
    with pytest.raises(RankingError, match="balanced_accuracy"):
        rank([LARGE], folds("large1", 0.9), objective="auc")


def test_rank_contestants_does_not_depend_on_the_order_of_the_rows():
    """Folds finished in any order, or written twice, give the same ranking."""
    rows = folds("large1", 0.9, noise=1) + folds("small1", 0.89)
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]

    first, second = (
        rank([LARGE, SMALL], rows),
        rank([LARGE, SMALL], shuffled + rows[:2]),
    )

    assert first[1] == second[1]
    columns = ["key", "cv_mean", "p_value", "chosen"]
    pd.testing.assert_frame_equal(first[0][columns], second[0][columns])


IMAGES = np.random.default_rng(0).random(1000)
WEIGHTS = np.full(1000, 1 / 1000)


def rank_on_validation(contestants, **options):
    table = ImageTable.read(contestants, WEIGHTS)
    return rank_contestants(table, RankingOptions(**options), objective="accuracy")


def test_rank_contestants_on_validation_takes_the_best_mean_and_keeps_its_optimism():
    """Of one split the best counts; the search's own score says nothing of its bias."""
    better = build_finalist("better", 1000, right=IMAGES < 0.8, rung_epochs=9)
    worse = build_finalist("worse1", 100, right=IMAGES < 0.7, rung_epochs=9)

    ranked = rank_on_validation([worse, better])

    assert (ranked.choice.key, ranked.choice.rule) == ("better", "best_mean")
    assert ranked.choice.plan.scored_on == "validation"
    assert ranked.table["optimism"].isna().all()
    assert set(ranked.table["n_folds"]) == {0}
    assert "1,000 validation images after 9 epochs" in ranked.choice.sentence
    json.dumps(ranked.choice.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("lead", "chosen"), [(0, "proven"), (12, "proven"), (18, "win")]
)
def test_rank_contestants_on_validation_leaves_the_proven_network_for_a_clear_lead(
    lead, chosen
):
    """A lead of less than two standard errors weighs less than what is known of it.

    They differ on 52 or 58 images, so a standard error is 7 to 8 images.
    """
    number = np.arange(1000)
    proven = build_finalist("proven", right=number < 700, epochs=9, is_proven=True)
    rival = (number < 680) | ((number >= 700) & (number < 720 + lead))
    other = build_finalist("win", right=rival, epochs=9)

    ranked = rank_on_validation([other, proven])

    assert (ranked.choice.key, ranked.choice.rule) == (chosen, "proven_network")
    expected = (
        "is the best proven network" if chosen == "proven" else "has the best mean"
    )
    assert expected in ranked.choice.sentence


def test_rank_contestants_on_validation_takes_the_better_of_two_proven_networks():
    """What is known from other data speaks for both, so a small lead decides."""
    number = np.arange(1000)
    plain = build_finalist("plain1", right=number < 700, epochs=9, is_proven=True)
    wider = build_finalist("wider1", right=number < 703, epochs=9, is_proven=True)
    rival = build_finalist("rival1", right=number < 704, epochs=9)

    ranked = rank_on_validation([plain, rival, wider])

    assert (ranked.choice.key, ranked.choice.rule) == ("wider1", "proven_network")
    assert list(ranked.table["key"]) == ["rival1", "wider1", "plain1"]


def test_rank_contestants_by_folds_gives_the_proven_network_no_head_start():
    """Folds of half the final epochs say enough: the usual rule decides."""
    proven = build_finalist("large1", 1000, is_proven=True)
    rows = folds("large1", 0.9) + folds("small1", 0.8995, noise=1)

    _, best = rank([proven, SMALL], rows)

    assert (best.key, best.rule) == ("small1", "one_standard_error")


def test_rank_contestants_without_any_result_names_who_lacks_one():
    """A search whose finalists were scored on a share of the images has no order."""
    with pytest.raises(RankingError, match="network large1: not scored on all"):
        rank_on_validation([LARGE])


def test_rank_contestants_over_the_bound_of_latency_are_not_chosen():
    """The next finalist that keeps the bound is taken, and the sentence says so."""
    rows = folds("large1", 0.95) + folds("small1", 0.90, noise=1)
    latency = latency_check(large1=12.0, small1=8.0)

    ranking, best = rank([LARGE, SMALL], rows, latency=latency)

    assert list(ranking["key"]) == ["large1", "small1"]
    assert best.key == "small1"
    assert best.latency == latency
    assert "network large1 has the best mean but was passed over" in best.sentence


def test_rank_contestants_under_latency_takes_the_best_that_keeps_the_bound():
    """No accuracy is traded for a time that nobody asked for."""
    fast = build_finalist("fast01", 50)
    rows = (
        folds("large1", 0.95)
        + folds("small1", 0.90, noise=1)
        + folds("fast01", 0.8995, noise=2)
    )
    latency = latency_check(large1=12.0, small1=8.0, fast01=1.0)

    contestants = [LARGE, SMALL, fast]
    _, best = rank(contestants, rows, rule="best_under_latency", latency=latency)
    _, smallest = rank(contestants, rows, latency=latency)

    assert (best.key, best.rule) == ("small1", "best_under_latency")
    assert "the best mean of those within the bound" in best.sentence
    assert smallest.key == "fast01"


@pytest.mark.parametrize(
    ("cost", "chosen", "said"),
    [
        ("params", "few_params", "the smallest within one standard error"),
        ("macs", "few_macs", "the one with the fewest multiply-adds within one"),
        ("latency", "fast", "20 % of its latency"),
    ],
)
def test_rank_contestants_of_equal_accuracy_takes_what_costs_least(cost, chosen, said):
    """What is scarce on a device decides among those that are not clearly worse."""
    sizes = {"best": (900, 900), "few_params": (100, 800), "few_macs": (800, 100),
             "fast": (700, 700)}  # fmt: skip
    contestants = [
        build_finalist(key, params, macs=macs) for key, (params, macs) in sizes.items()
    ]
    rows = folds("best", 0.9)
    for scale, key in enumerate(("few_params", "few_macs", "fast"), start=1):
        rows += folds(key, 0.8999, noise=scale)
    latency = latency_check(best=5.0, few_params=4.0, few_macs=3.0, fast=1.0)

    _, best = rank(contestants, rows, smaller_by=cost, latency=latency)

    assert best.key == chosen
    assert said in best.sentence


def test_rank_contestants_all_over_the_bound_of_latency_is_an_error():
    """No network is exported that does not keep what was promised."""
    rows = folds("large1", 0.95) + folds("small1", 0.90)

    with pytest.raises(RankingError, match="no contestant keeps the bound of latency"):
        rank([LARGE, SMALL], rows, latency=latency_check(large1=12.0, small1=11.0))
