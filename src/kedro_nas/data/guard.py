"""The verdict: settings of later stages derived from size and balance of the data.

The rules and their sources are in docs/concepts/data.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.profile import Verdict

SMALL_TOTAL = 5_000  # images that are not test
SMALL_CLASS = 100  # of them in the smallest class
IMBALANCED = 3.0  # largest over smallest class
MAX_WEIGHT_RATIO = 10.0  # largest over smallest class weight
BATCH = 32  # the recipe's usual batch; steps per epoch follow from it
FIRST_EPOCH_SHARE = (
    0.05  # share of the initial value in a moving average after an epoch
)


def judge(
    class_counts: NDArray[np.integer],
    n_train: int,
    class_names: list[str],
    options: DataPreparationOptions,
) -> Verdict:
    """Derive the settings of later stages from the size and balance of the data.

    Args:
        class_counts: Images per class that are not test, `(n_classes,)`.
        n_train: Images of the train split, without validation.
        class_names: Names in the order of the counts.
        options: `on_small_data`, `n_folds`, `n_repeats` are read.

    Raises:
        DataError: Small data and `on_small_data: stop`.
    """
    total, smallest = int(class_counts.sum()), int(class_counts.min())
    reasons = _small_reasons(class_counts, class_names)
    small = bool(reasons)
    if small and options.on_small_data == "stop":
        raise DataError(
            "the images are too few for a search to be trusted",
            received=" ".join(reasons),
            allowed=f"{SMALL_TOTAL} images, {SMALL_CLASS} in each class",
            remedy="Add images, or set data_preparation.on_small_data to adapt",
        )
    adapt = small and options.on_small_data == "adapt"
    if small and not adapt:
        reasons.append("on_small_data is warn, so no setting was changed.")
    max_params_factor = 1.0
    if adapt:
        scale = min(total / SMALL_TOTAL, smallest / SMALL_CLASS, 1.0)
        max_params_factor = round(max(0.1, scale), 3)
        reasons.append(_small_advice(total, n_train))
    imbalance = float(class_counts.max() / max(smallest, 1))
    imbalanced = imbalance > IMBALANCED
    if imbalanced:
        reasons.append(
            f"The largest class has {imbalance:.1f} times the images of the smallest, "
            f"above {IMBALANCED:g}: balanced accuracy decides, classes are weighted."
        )
    return Verdict(
        mode="small_data" if adapt else "normal",
        objective="balanced_accuracy" if imbalanced else "accuracy",
        class_weights=class_weights(class_counts) if imbalanced else None,
        n_train=n_train,
        n_folds=options.n_folds,
        n_repeats=_repeats(options.n_repeats, adapt=adapt),
        bn_momentum=_bn_momentum(n_train) if adapt else 0.9,
        augmentation="strong" if adapt else "as_searched",
        max_params_factor=max_params_factor,
        reasons=tuple(reasons),
    )


def class_weights(class_counts: NDArray[np.integer]) -> tuple[float, ...]:
    """Return class weights: inverse sizes, capped, with an average of 1 over images.

    >>> class_weights(np.array([900, 100]))
    (0.5556, 5.0)
    >>> class_weights(np.array([9990, 10]))
    (0.9911, 9.9108)
    """
    inverse = class_counts.sum() / np.maximum(class_counts, 1)
    capped = np.minimum(inverse, MAX_WEIGHT_RATIO * inverse.min())
    mean = (capped * class_counts).sum() / class_counts.sum()
    return tuple(round(float(weight), 4) for weight in capped / mean)


def _repeats(n_repeats: str | int, *, adapt: bool) -> int:
    if isinstance(n_repeats, int):
        return n_repeats
    return 3 if adapt else 1


def _small_reasons(counts: NDArray[np.integer], class_names: list[str]) -> list[str]:
    reasons = []
    total, least = int(counts.sum()), int(counts.argmin())
    if total < SMALL_TOTAL:
        reasons.append(
            f"{total:,} images to train and validate on, under {SMALL_TOTAL:,}."
        )
    if counts[least] < SMALL_CLASS:
        reasons.append(
            f"Class '{class_names[least]}' has {counts[least]} of them, "
            f"under {SMALL_CLASS}."
        )
    return reasons


def _small_advice(total: int, n_train: int) -> str:
    held_out = max(1, total - n_train)
    error = 100 * np.sqrt(0.9 * 0.1 / held_out)
    return (
        f"An accuracy of 90 % on {held_out} validation images has a standard error of "
        f"{error:.1f} points, so the search compares fewer and smaller networks, folds "
        "are repeated, and a network tuned by hand may be better."
    )


def _bn_momentum(n_train: int) -> float:
    """Return a momentum with which moving averages converge within an epoch."""
    steps = max(1, n_train // BATCH)
    return round(float(np.clip(FIRST_EPOCH_SHARE ** (1 / steps), 0.5, 0.9)), 3)
