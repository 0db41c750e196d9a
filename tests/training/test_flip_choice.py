"""Whether a network that never saw mirrored images recognises them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.space.choices import AUGMENTATIONS
from kedro_nas.training.augmentation import make_augmenter
from kedro_nas.training.flip_choice import (
    FlipEffect,
    measure_flip_effect,
    with_flips,
)

HARMLESS = FlipEffect(drop=0.0, standard_error=0.008, n_images=2000)
HARMFUL = FlipEffect(drop=0.2, standard_error=0.01, n_images=2000)


def answers(right: Any, labels: Any) -> Any:
    """Give probabilities whose largest is the label's where `right`."""
    return np.eye(10)[np.where(right, labels, (labels + 1) % 10)]


@pytest.mark.parametrize(
    ("n", "n_lost", "n_won", "allowed"),
    [
        (2000, 30, 25, True),
        (2000, 120, 0, False),
        (2000, 400, 10, False),
        (300, 6, 5, True),
        (20, 0, 0, False),  # too few to tell
    ],
)
def test_flip_effect_allows_flips_where_few_images_are_lost(
    n: int, n_lost: int, n_won: int, *, allowed: bool
) -> None:
    """The difference of the accuracies decides, with its paired standard error."""
    labels = np.arange(n) % 10
    plain, mirrored = np.arange(n) < n - n_won, np.arange(n) >= n_lost
    effect = measure_flip_effect(
        labels, answers(plain, labels), answers(mirrored, labels)
    )

    lost = plain.astype(int) - mirrored.astype(int)
    assert effect.drop == pytest.approx((n_lost - n_won) / n)
    assert effect.n_images == n
    assert effect.allows_flips == allowed
    if n_lost:
        assert effect.standard_error == pytest.approx(lost.std() / n**0.5)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_with_flips_gives_names_that_are_understood(name: str) -> None:
    """Flips are added once, before mixing, and only where they do no harm."""
    flipped = with_flips(name, HARMLESS)

    assert "flip" in flipped.split("+")
    assert flipped.count("flip") == 1
    assert make_augmenter(flipped, (8, 8, 1)) is not None
    assert with_flips(name, HARMFUL) == name
