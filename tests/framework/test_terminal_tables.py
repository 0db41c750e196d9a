"""`kedro_nas.framework.terminal_tables`: plain tables for the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.framework.terminal_tables import format_table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (True, "yes"),
        (False, ""),
        (0.5, "0.5000"),
        (12345, "12,345"),
        ("conv", "conv"),
    ],
)
def test_cells_are_written_by_their_kind(value: Any, shown: str) -> None:
    """Nothing and not-a-number are a dash, thousands have a comma."""
    rows = [{"a": value, "b": "end"}]
    line = format_table(rows, {"a": "x", "b": "y"}).splitlines()[1]

    assert line.removesuffix("end").strip() == shown


def test_columns_of_numbers_are_flush_right_and_others_left() -> None:
    """Digits stand under digits; no line ends in blanks."""
    rows = [{"n": 5, "name": "a"}, {"n": 1234, "name": "longer"}]
    table = format_table(rows, {"name": "network", "n": "count"})

    assert table.splitlines() == ["network  count", "a            5", "longer   1,234"]


def test_a_key_that_a_row_lacks_is_a_dash() -> None:
    """Rows of an earlier version may have fewer columns."""
    assert format_table([{}], {"a": "x"}).splitlines() == ["x", "-"]
