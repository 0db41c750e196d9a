"""Scores on the test split, with their uncertainty."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kedro_nas.errors import RankingError
from kedro_nas.records.export import (
    ClassScores,
    DecisionTest,
    Mistake,
    ModelScores,
    TestMetrics,
)
from kedro_nas.statistics.metrics import check_predictions, score_predictions
from kedro_nas.statistics.objectives import Objective, floors_by_class
from kedro_nas.statistics.paired import mcnemar, wilson_interval
from kedro_nas.statistics.resampling import resampled_mean

# enough to recognise patterns, few enough for a small report
MAX_MISTAKES = 25
# larger images are downscaled for the report: 25 of 96 x 96 stay below 1 MB
MAX_PICTURE_SIDE = 96


def test_report(
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: list[str],
    *,
    baseline_probabilities: ArrayLike | None = None,  # noqa: PT028  no test itself
    pixels: NDArray[np.uint8],
    objective: str = "accuracy",  # noqa: PT028
    recall_floors: Mapping[str, float] = MappingProxyType({}),  # noqa: PT028
) -> TestMetrics:
    """Compute all results on the test images that the report shows.

    Args:
        labels: Class ids, shape `(n,)`.
        probabilities: Of the winner, shape `(n, n_classes)`.
        class_names: In the order of the ids.
        baseline_probabilities: Of the baseline on the same images, if there is one.
        pixels: uint8 images, shape `(n, height, width, channels)`.
        objective: Name of the objective. `accuracy` and `log_loss` compare accuracy
            with the share of the most common class, others mean recall with
            `1 / n_classes`.
        recall_floors: Smallest recall wanted, by class name.

    Returns:
        The statistical part of `nas.test_metrics`; the caller adds name, readings and
        epochs.

    Raises:
        RankingError: Shapes do not match, or predictions are not finite.
    """
    truth, shares = check_predictions(labels, probabilities)
    if len(class_names) != shares.shape[1] or len(pixels) != len(truth):
        raise RankingError(
            "cannot report on the test images",
            received=f"{len(class_names)} names, {len(pixels)} images for"
            f" probabilities {shares.shape}",
            allowed="a name per class and an image per row",
        )
    predicted = shares.argmax(axis=1)
    right = predicted == truth
    chance = float(np.bincount(truth).max() / len(truth))
    matrix = confusion_matrix(truth, predicted, labels=np.arange(len(class_names)))
    aim = Objective(objective, floors_by_class(recall_floors, class_names))
    baseline, test = None, None
    if baseline_probabilities is not None:
        _, other = check_predictions(labels, baseline_probabilities)
        found = mcnemar(right, other.argmax(axis=1) == truth)
        baseline = ModelScores.model_validate(_scores(truth, other, aim))
        test = DecisionTest(
            p_value=found.p_value,
            only_winner_right=found.only_first_right,
            only_baseline_right=found.only_second_right,
        )
    return TestMetrics.model_validate(
        {
            **_scores(truth, shares, aim),
            "name": "",
            "n_images": len(truth),
            "chance": chance,
            "beats_chance": _beats_chance(matrix, chance, objective),
            "objective": objective,
            "class_names": tuple(class_names),
            "confusion_matrix": matrix.tolist(),
            "per_class": tuple(
                _per_class(truth, predicted, class_names, recall_floors)
            ),
            "mistakes": tuple(_mistakes(truth, shares, class_names, pixels)),
            "baseline": baseline,
            "mcnemar": test,
            "reads": 0,
            "epochs_final_fit": 0,
        }
    )


def _scores(
    truth: NDArray[np.int64], shares: NDArray[np.float64], aim: Objective
) -> dict[str, float]:
    low, high = wilson_interval(int((shares.argmax(1) == truth).sum()), len(truth))
    scores = {**score_predictions(truth, shares), "ci_low": low, "ci_high": high}
    if aim.has_formula:
        return scores
    found = resampled_mean(aim.resampled(truth, shares), len(truth))
    return {
        **scores,
        "objective_score": found.mean,
        "objective_low": found.ci_low,
        "objective_high": found.ci_high,
    }


def _beats_chance(matrix: NDArray[np.int64], chance: float, objective: str) -> bool:
    n_right, n = int(np.trace(matrix)), int(matrix.sum())
    if objective in ("accuracy", "log_loss"):
        return wilson_interval(n_right, n)[0] > chance
    present = matrix[matrix.sum(axis=1) > 0]
    counts = present.sum(axis=1)
    recall = np.diag(matrix)[matrix.sum(axis=1) > 0] / counts
    # mean of independent proportions; adding half an image keeps the variance of a
    # perfectly classified class above 0
    smoothed = (recall * counts + 0.5) / (counts + 1)
    se = np.sqrt((smoothed * (1 - smoothed) / counts).sum()) / len(counts)
    return bool(recall.mean() - 1.96 * se > 1 / len(counts))


def _per_class(
    truth: NDArray[np.int64],
    predicted: NDArray[np.intp],
    class_names: list[str],
    recall_floors: Mapping[str, float],
) -> list[ClassScores]:
    columns = precision_recall_fscore_support(
        truth, predicted, labels=np.arange(len(class_names)), zero_division=0.0
    )
    found = []
    for name, precision, recall, f1, n in zip(class_names, *columns, strict=True):
        low, high = wilson_interval(round(recall * n), int(n)) if n else (None, None)
        found.append(
            ClassScores(
                class_name=name,
                precision=float(precision),
                recall=float(recall),
                f1=float(f1),
                n=int(n),
                recall_low=low,
                recall_high=high,
                recall_floor=recall_floors.get(name),
            )
        )
    return found


def _mistakes(
    truth: NDArray[np.int64],
    shares: NDArray[np.float64],
    class_names: list[str],
    pixels: NDArray[np.uint8],
) -> list[Mistake]:
    predicted, confidence = shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    first = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_MISTAKES]
    return [
        Mistake(
            image=picture(pixels[row]),
            true=class_names[truth[row]],
            predicted=class_names[predicted[row]],
            probability=float(confidence[row]),
        )
        for row in first
    ]


def picture(pixels: NDArray[np.uint8]) -> str:
    """Encode an image as a PNG data URI, downscaled to at most 96 pixels per side.

    Args:
        pixels: uint8, shape `(height, width, channels)` with 1 or 3 channels.
    """
    image = Image.fromarray(
        pixels[:, :, 0] if pixels.shape[2] == 1 else pixels[:, :, :3]
    )
    image.thumbnail((MAX_PICTURE_SIDE, MAX_PICTURE_SIDE))
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
