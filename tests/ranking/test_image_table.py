"""Contestants over validation images, as the search trained them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.finalists import build_finalist

from kedro_nas.errors import RankingError
from kedro_nas.ranking.image_table import ImageTable
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.image_pairs import compare_images, image_weights
from kedro_nas.statistics.paired import wilson_interval

N = 200
NUMBER = np.arange(N)
WEIGHTS = np.full(N, 1 / N)
LONG = build_finalist("long", 500, right=NUMBER < 150, epochs=9)
LIKE = build_finalist("like", 100, right=NUMBER >= 50, epochs=9)
SHORT = build_finalist("short", 100, right=NUMBER < 190, epochs=3)
SHARED = build_finalist("shared", 100, epochs=9)
BASELINE = build_finalist("base", 100, is_baseline=True, score=None)


def _table(*contestants: Finalist) -> ImageTable:
    return ImageTable.read(contestants, WEIGHTS)


def test_means_have_the_interval_of_their_images() -> None:
    """150 of 200 right: 75 %, with Wilson's interval and no spread over folds."""
    mean = _table(LONG).means["long"]

    assert mean.mean == pytest.approx(0.75)
    assert (mean.ci_low, mean.ci_high) == pytest.approx(wilson_interval(150, 200))
    assert mean.n == 200
    assert np.isnan([mean.std, mean.se]).all()


def test_means_of_unequal_weights_have_a_wider_interval() -> None:
    """Ten images of a class that counts half weigh as far fewer than 200."""
    labels = (NUMBER < 10).astype(int)
    weights = image_weights(labels, "balanced_accuracy")
    mean = ImageTable.read([LONG], weights).means["long"]

    assert mean.mean == pytest.approx((1 + 140 / 190) / 2)
    assert mean.n == 38
    assert mean.ci_high - mean.ci_low > 0.15


def test_only_the_longest_trained_may_be_chosen() -> None:
    """A score after 3 epochs is listed below those after 9, however high."""
    table = _table(SHORT, LONG, SHARED, LIKE, BASELINE)

    assert table.complete == ["like", "long"]  # equal scores: the smaller first
    assert table.order == ["like", "long", "short", "shared", "base"]
    assert table.baseline == "base"


def test_compare_is_image_by_image_and_of_equal_trainings_only() -> None:
    """Other epochs, or no results, are no comparison."""
    table = _table(LONG, LIKE, SHORT, BASELINE)

    assert table.compare("long", "like") == compare_images(
        NUMBER < 150, NUMBER >= 50, WEIGHTS
    )
    assert table.compare("long", "short") is None
    assert table.compare("long", "base") is None


def test_scored_on_says_how_many_images_and_epochs() -> None:
    """What the numbers were measured on is part of each sentence."""
    one = build_finalist("one", right=NUMBER < 9, epochs=1)
    table = _table(LONG, one)

    assert table.scored_on("long") == "200 validation images after 9 epochs"
    assert table.scored_on("one") == "200 validation images after one epoch"


def test_scored_on_of_a_training_that_patience_ended_gives_its_epochs() -> None:
    """Epochs that were planned and not trained are not claimed."""
    one = build_finalist("one", right=NUMBER < 9, epochs=9)
    stopped = one.model_copy(update={"epochs": 6})
    table = _table(stopped)

    assert table.scored_on(stopped.key) == "200 validation images after 6 epochs"


def test_scored_on_counts_the_epochs_of_ancestors() -> None:
    """A grown network has been trained for longer than its own epochs."""
    grown = LONG.model_copy(update={"ancestor_epochs": 12})

    assert _table(grown).scored_on("long") == (
        "200 validation images after 9 epochs and 12 of the networks it was grown from"
    )


def test_failures_name_who_was_not_scored_on_all_images() -> None:
    """Who cannot be compared is said, with the reason."""
    expected = "network shared: not scored on all validation images"

    assert _table(LONG, SHARED).failures() == expected
    assert _table(LONG).failures() == ""


def test_table_without_results_has_nobody_to_choose() -> None:
    """Nothing is made up where nothing is known."""
    table = _table(SHARED, BASELINE)

    assert table.complete == []
    assert table.means == {}


def test_results_of_other_images_are_refused() -> None:
    """Results of 200 images do not pass for those of 300."""
    table = ImageTable.read([LONG], np.full(300, 1 / 300))

    with pytest.raises(RankingError, match="do not belong to these images"):
        _ = table.means
