"""The augmentation of a training that is longer than those of the search.

The networks of a search are compared after few epochs, when no network has learnt its
images by heart and stronger augmentation only slows it down. A long training does learn
them by heart, and then gains by it. benchmarks/long_augmentation.py measures it:
docs/concepts/search-space.md has the table.
"""

from __future__ import annotations

from kedro_nas.records.search import SearchResult
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.flip_choice import with_flips
from kedro_nas.training.mixing import MIXINGS

LONG_EPOCHS = 50


def with_long_augmentation(augmentation: str, epochs: float) -> str:
    """Return the augmentation, with TrivialAugment for shifts where it pays.

    Only `light`, with or without flips, is replaced: a search that chose anything else
    had a reason.

    Args:
        augmentation: Of the search.
        epochs: Of the training it is for.

    >>> with_long_augmentation("light+flip", 60), with_long_augmentation("light", 30)
    ('trivial+flip', 'light')
    """
    words = augmentation.split("+")
    if epochs < LONG_EPOCHS or words[0] != "light" or words[-1] in MIXINGS:
        return augmentation
    return "+".join(["trivial", *words[1:]])


def with_augmentation_for(
    one: Architecture, result: SearchResult, epochs: float
) -> Architecture:
    """Return a network with the augmentation for a training of so many epochs.

    Flips are added where the data allow them. Without a budget in seconds, the
    augmentation of the search is kept.

    Args:
        one: A finalist or the baseline.
        result: Of the search, which measured the effect of flips.
        epochs: Of the training, as planned.
    """
    if result.budget.plan.final_s is None:
        return one
    augmentation = with_long_augmentation(one.recipe.augmentation, epochs)
    flips = result.search.flips
    if flips is not None:
        augmentation = with_flips(augmentation, flips)
    return one.with_recipe(augmentation=augmentation)
