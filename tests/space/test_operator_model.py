"""`kedro_nas.space.operator_model`: times of operators from a table."""

from __future__ import annotations

import numpy as np
import pytest
from tests.device import operator_us

from kedro_nas.space.operator_model import OperatorModel, amounts, group_of
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
