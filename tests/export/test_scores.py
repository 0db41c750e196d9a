"""The report on the test split is complete and says when it is chance."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from kedro_nas.errors import RankingError
from kedro_nas.export import scores as test_split


def report(labels, probabilities, *, shape=(8, 9, 1), **options):
    rng = np.random.default_rng(0)
    n_classes = np.shape(probabilities)[1]
    return test_split.test_report(
        labels,
        probabilities,
        [f"class {number}" for number in range(n_classes)],
        pixels=rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8),
        **options,
    )


def noise(n, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, n_classes, n), rng.dirichlet(np.ones(n_classes), n)


def test_test_report_holds_what_files_md_promises_as_strict_json():
    """Every statistical key is there and nothing in it is not JSON."""
    labels, probabilities = noise(300, 4)

    found = report(labels, probabilities, baseline_probabilities=noise(300, 4, 1)[1])

    written = found.to_json()
    json.dumps(written, allow_nan=False)
    assert {
        "n_images", "accuracy", "ci_low", "ci_high", "balanced_accuracy", "macro_f1",
        "log_loss", "calibration_error", "chance", "class_names", "confusion_matrix",
        "per_class", "mistakes", "baseline", "mcnemar",
    } <= set(written)  # fmt: skip
    assert np.sum(found.confusion_matrix) == 300
    assert found.ci_low <= found.accuracy <= found.ci_high


def test_test_report_of_noise_does_not_beat_chance():
    """Predictions unrelated to the labels are not above the commonest class."""
    beats = [report(*noise(200, 3, seed)).beats_chance for seed in range(40)]

    assert sum(beats) <= 2


def test_test_report_of_a_commonest_class_does_not_beat_chance():
    """Always naming the commonest class is 90 % right and still chance."""
    labels = np.array([0] * 90 + [1] * 10)

    found = report(labels, np.tile([0.9, 0.1], (100, 1)))

    assert found.accuracy == found.chance == 0.9
    assert not found.beats_chance


def test_test_report_by_balanced_accuracy_honours_a_rare_class():
    """A classifier that finds a rare class beats chance though accuracy is lower."""
    labels = np.array([0] * 190 + [1] * 10)
    predicted = np.array([0] * 160 + [1] * 30 + [1] * 9 + [0])

    by_accuracy = report(labels, np.eye(2)[predicted])
    balanced = report(labels, np.eye(2)[predicted], objective="balanced_accuracy")

    assert not by_accuracy.beats_chance
    assert balanced.beats_chance


def test_test_report_shows_the_most_confident_mistakes_first_as_small_pictures():
    """At most 25 mistakes, ordered, each a PNG of at most 96 pixels a side."""
    found = report(*noise(200, 3), shape=(120, 200, 3)).mistakes

    confidences = [mistake.probability for mistake in found]
    encoded = base64.b64decode(found[0].image.partition(",")[2])
    assert len(found) == 25
    assert confidences == sorted(confidences, reverse=True)
    assert Image.open(io.BytesIO(encoded)).size == (96, 58)
    assert all(mistake.true != mistake.predicted for mistake in found)


def test_test_report_of_a_perfect_model_has_no_mistakes():
    """Nothing wrong leaves an empty list, and an interval that still has room."""
    found = report([0, 1, 2] * 20, np.eye(3)[[0, 1, 2] * 20])

    assert found.mistakes == ()
    assert found.ci_low < found.accuracy == found.ci_high == 1.0


def test_test_report_of_a_class_without_test_images_counts_it_as_zero():
    """A class that only training has keeps its row, with no images."""
    found = report([0, 1] * 10, np.eye(3)[[0, 1] * 10])

    assert found.per_class[2].n == 0
    assert found.balanced_accuracy == 1.0


def test_test_report_with_a_name_missing_is_refused():
    """Names and probabilities must agree, or every class would be misnamed."""
    with pytest.raises(RankingError, match="a name per class"):
        test_split.test_report(
            [0], [[0.5, 0.5]], ["only one"], pixels=np.zeros((1, 8, 8, 1), np.uint8)
        )


def test_test_report_by_another_objective_holds_its_score_and_interval():
    """What was maximised is scored on the test images, for winner and baseline."""
    labels, probabilities = noise(300, 3)
    found = report(
        labels,
        probabilities,
        objective="auc",
        baseline_probabilities=np.eye(3)[labels] * 0.9 + 0.1 / 3,
    )

    assert found.objective_low < found.objective_score < found.objective_high
    assert found.objective_score == pytest.approx(0.5, abs=0.1)
    assert found.scored == found.objective_score
    assert found.baseline.objective_score == 1.0


def test_test_report_by_accuracy_has_no_second_score():
    """The two accuracies are in the report as they are."""
    found = report(*noise(60, 3), objective="balanced_accuracy")

    assert found.objective_score is None
    assert found.scored == found.balanced_accuracy


def test_test_report_with_floors_holds_them_beside_the_recalls():
    """Whether a floor is kept is read off the recall and its interval."""
    labels = np.array([0] * 80 + [1] * 20)
    found = report(
        labels,
        np.eye(2)[np.array([0] * 90 + [1] * 10)],
        recall_floors={"class 1": 0.8},
    )
    first, second = found.per_class

    assert (first.recall_floor, second.recall_floor) == (None, 0.8)
    assert second.recall == 0.5
    assert second.recall_low < 0.5 < second.recall_high
    assert found.objective_score == pytest.approx(0.9 * 0.5 / 0.8)
