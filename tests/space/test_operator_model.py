"""`kedro_nas.space.operator_model`: times of operators from a table."""

from __future__ import annotations

import numpy as np
import pytest
from tests.device import operator_us

from kedro_nas.space.operator_model import (
    OperatorModel,
    amounts,
    count_weights,
    group_of,
)
from kedro_nas.space.operators import Operator


def convolutions(widths: tuple[int, ...]) -> list[Operator]:
    return [
        Operator("conv", side, side, width, filters, kernel, 1)
        for side in (4, 8, 16)
        for width in widths
        for filters in widths
        for kernel in (3, 5)
    ]


def test_an_operator_of_the_table_is_predicted_within_noise() -> None:
    """What was timed is hardly changed by the model."""
    table = {one: operator_us(one) for one in convolutions((16, 32, 64, 128))}
    model = OperatorModel.fit(table)
    errors = [abs(model.predict(one) / us - 1) for one, us in table.items()]

    assert np.median(errors) < 0.03
    assert max(errors) < 0.15


def test_an_operator_between_entries_is_predicted_by_its_neighbours() -> None:
    """Shapes that were not timed are still close."""
    table = {one: operator_us(one) for one in convolutions((16, 32, 96, 192))}
    model = OperatorModel.fit(table)
    new = convolutions((24, 128))
    errors = [abs(model.predict(one) / operator_us(one) - 1) for one in new]

    assert np.median(errors) < 0.15


def test_an_operator_far_from_all_entries_grows_with_its_work() -> None:
    """Beyond the table time is extrapolated by multiply-accumulates, never negative."""
    model = OperatorModel.fit({one: operator_us(one) for one in convolutions((16, 32))})
    small = model.predict(Operator("conv", 16, 16, 32, 32, 3, 1))
    large = model.predict(Operator("conv", 64, 64, 32, 32, 3, 1))

    assert large / small == pytest.approx(16, rel=0.4)


def test_an_operator_of_an_unknown_kind_is_an_error() -> None:
    """A kind that was not timed has no time."""
    model = OperatorModel.fit(dict.fromkeys(convolutions((8,)), 1.0))

    with pytest.raises(KeyError, match="gelu"):
        model.predict(Operator("gelu", 8, 8, 8, 8))


def test_amounts_of_a_depthwise_convolution_depend_on_the_code_for_its_kernel() -> None:
    """Runtimes have separate code for small kernels."""
    three, seven = (
        amounts(Operator("depthwise", 8, 8, 16, 16, kernel)) for kernel in (3, 7)
    )

    assert three[1:4] == (9_216, 0, 0)
    assert seven[1:4] == (0, 0, 50_176)
    assert group_of(Operator("conv", 1, 1, 8, 8)) == "conv of a vector"
    assert group_of(Operator("conv", 4, 4, 8, 8)) == "conv 1x1"


@pytest.mark.parametrize(
    ("operator", "macs", "weights"),
    [
        # places x kernel x channels x filters, counted on paper
        (Operator("conv", 4, 4, 2, 8, 3, 1), 16 * 9 * 2 * 8, 9 * 2 * 8),
        (Operator("conv", 4, 4, 2, 8, 3, 2), 4 * 9 * 2 * 8, 9 * 2 * 8),
        (Operator("conv", 5, 5, 2, 8, 1, 2), 9 * 2 * 8, 2 * 8),
        (Operator("dense", 1, 1, 10, 3, 1, 1), 10 * 3, 10 * 3),
        (Operator("conv1d", 1, 6, 4, 4, 3, 1), 6 * 3 * 4 * 4, 3 * 4 * 4),
    ],
)
def test_amounts_of_an_operator_with_weights_are_counted_by_hand(
    operator: Operator, macs: int, weights: int
) -> None:
    """Multiply-accumulates and weights are those of the layer's definition."""
    assert amounts(operator)[1] == macs
    assert count_weights(operator) == weights


@pytest.mark.parametrize("kind", ["add", "pool", "gelu", "softmax"])
def test_operators_without_weights_have_none(kind: str) -> None:
    """What only moves values is described by the values it reads and writes."""
    operator = Operator(kind, 4, 4, 8, 8, 1, 1)

    assert count_weights(operator) == 0
    assert amounts(operator)[1:3] == (0, 0)
    assert amounts(operator)[5:] == (128, 128)


@pytest.mark.parametrize(
    ("operator", "group"),
    [
        (Operator("conv", 8, 8, 4, 4, 3, 1), "conv kxk"),
        (Operator("conv", 8, 8, 4, 4, 1, 2), "conv 1x1"),
        (Operator("conv", 1, 1, 4, 4, 3, 1), "conv of a vector"),
        (Operator("depthwise", 8, 8, 4, 4, 3, 1), "depthwise"),
        (Operator("dense", 1, 1, 4, 4, 1, 1), "dense"),
    ],
)
def test_operators_that_share_code_share_factors(
    operator: Operator, group: str
) -> None:
    """A runtime has one loop for a convolution of a pixel, another for one of a map."""
    assert group_of(operator) == group


@pytest.mark.parametrize(
    ("kernel", "place"), [(1, 1), (3, 1), (4, 2), (5, 2), (6, 3), (9, 3)]
)
def test_each_kernel_of_a_depthwise_convolution_belongs_to_one_code(
    kernel: int, place: int
) -> None:
    """Its work is counted once, in the column of the code that runs it."""
    work = amounts(Operator("depthwise", 8, 8, 16, 16, kernel, 1))[1:4]

    assert [column for column, macs in enumerate(work, 1) if macs] == [place]
    assert sum(work) == 64 * kernel**2 * 16


def test_model_times_an_operator_once_and_never_below_zero() -> None:
    """A search asks for the same operators again and again."""
    table = dict.fromkeys(convolutions((16, 32)), 0.0)
    model = OperatorModel.fit(table)
    one = next(iter(table))
    first = model.predict(one)

    assert first > 0
    assert model.known == {one: first}
    model.groups = {}
    assert model.predict(one) == first
