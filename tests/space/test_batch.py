"""A search space for another batch size."""

from __future__ import annotations

import math

import pytest

from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.batch import with_batch_size
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace, build_search_space

DATA = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)


def space(**options: object) -> SearchSpace:
    """Build a space for 8,000 images of 28x28."""
    return build_search_space(SearchSpaceOptions.model_validate(options), DATA, seed=0)


def test_with_batch_size_changes_batches_and_rates_of_all_candidates() -> None:
    """Anchors, draws and the stand-in have the batch, and rates of its square root."""
    before = space()
    keys = {anchor.key for anchor in before.anchors}  # cached from here on
    after = with_batch_size(before, 128)
    rates = after.choices["learning_rate"]
    drawn = [after.sample(generator(0, "test")) for _ in range(5)]
    smallest = after.stand_in

    assert isinstance(rates, Range)
    for old, new in zip(before.anchors, after.anchors, strict=True):
        assert new.network_key == old.network_key
        expected = old.recipe.learning_rate * math.sqrt(128 / 32)
        assert new.recipe.learning_rate == pytest.approx(expected, rel=0.05)
        assert after.decode(after.encode(new)) == new
    assert keys.isdisjoint(anchor.key for anchor in after.anchors)
    for one in (*after.anchors, *drawn, smallest):
        assert one.recipe.batch_size == 128
    for one in drawn:
        assert rates.low <= one.recipe.learning_rate <= rates.high


def test_with_batch_size_scales_listed_rates() -> None:
    """A list of rates is scaled value by value; the same batch changes nothing."""
    before = space(learning_rate=[0.001, 0.002])

    assert with_batch_size(before, 128).choices["learning_rate"] == (0.002, 0.004)
    assert with_batch_size(before, 32) is before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"batch_size": [32]}, False),
        ({"preset": "accuracy"}, False),  # searches two
    ],
)
def test_space_batch_size_is_open_only_where_nobody_chose_it(
    options: dict[str, object], expected: bool
) -> None:
    """A batch size of the user's, or one that is searched, is never measured."""
    assert space(**options).batch_size_open is expected
