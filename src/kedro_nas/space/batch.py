"""Change of the batch size of a search space."""

from __future__ import annotations

import math

from kedro_nas.parameters.search_space import Range
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import Allowed, two_digits
from kedro_nas.space.search_space import SearchSpace


def with_batch_size(space: SearchSpace, batch_size: int) -> SearchSpace:
    """Return a space with another batch size and learning rates scaled to it.

    Source: Malladi et al. (2022), On the SDEs and Scaling Rules for Adaptive Gradient
        Algorithms: the rate follows the square root of the batch.

    Args:
        space: A space with a single batch size.
        batch_size: Images per gradient step.
    """
    before = space.anchors[0].recipe.batch_size
    if before == batch_size:
        return space
    factor = math.sqrt(batch_size / before)

    def changed(architecture: Architecture) -> Architecture:
        rate = two_digits(architecture.recipe.learning_rate * factor)
        return architecture.with_recipe(batch_size=batch_size, learning_rate=rate)

    return space.model_copy(
        update={
            "choices": space.choices
            | {
                "batch_size": (batch_size,),
                "learning_rate": _scaled(space.choices["learning_rate"], factor),
            },
            "anchors": tuple(changed(anchor) for anchor in space.anchors),
            "smallest": space.smallest
            and space.smallest.model_copy(
                update={"architecture": changed(space.smallest.architecture)}
            ),
        }
    )


def _scaled(rates: Allowed, factor: float) -> Allowed:
    if isinstance(rates, Range):
        low, high = two_digits(rates.low * factor), two_digits(rates.high * factor)
        return Range(low=low, high=high)
    return tuple(two_digits(float(str(rate)) * factor) for rate in rates)
