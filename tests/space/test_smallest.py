"""The cheapest network travels with its costs."""

from __future__ import annotations

from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.smallest import Smallest


def test_smallest_has_the_counted_costs(space: SearchSpace) -> None:
    """What the report says of it is what any other network is measured by."""
    found = Smallest.of(space.stand_in)
    counted = costs(space.stand_in)

    assert found == space.smallest
    assert (found.params, found.macs) == (counted.params, counted.macs)
    assert (found.depth, found.memory_mb) == (counted.depth, counted.memory_mb)
