"""Numbers as sentences and tables show them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kedro_nas.number_text import (
    MISSING,
    counted,
    duration,
    is_number,
    named_p_value,
    p_value,
    percent,
    points,
    short,
    size_of,
    whole,
)

ROOT = Path(__file__).parents[1]
# a share or a p-value that is formatted by hand; figures give Plotly its own formats
BY_HAND = re.compile(r"\* 100:\.|(?<!%\{y):\.\d%\}(?!<)|p = \{|p < 0\.001")


@pytest.mark.parametrize("missing", [None, float("nan"), "none"])
def test_numbers_that_are_missing_are_a_dash(missing: object) -> None:
    """A gap in the results is shown as one, everywhere in the same way."""
    shown = {percent(missing), points(missing), p_value(missing)}

    assert shown == {MISSING}


@pytest.mark.parametrize(
    ("p", "text"), [(0.0009999, "p < 0.001"), (0.001, "p = 0.001"), (1.0, "p = 1.000")]
)
def test_named_p_value_has_three_digits_or_a_bound(p: float, text: str) -> None:
    """No p-value is given as zero."""
    assert named_p_value(p) == text


def test_shares_and_p_values_are_formatted_in_one_place() -> None:
    """Nothing but `number_text` turns a share or a p-value into text."""
    package = ROOT / "src" / "kedro_nas"
    found = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "number_text.py" and "figures" not in path.parts
        for line in path.read_text().splitlines()
        if BY_HAND.search(line)
    ]

    assert found == []


@given(st.integers(0, 10**14))
@example(999)
@example(999_500)
@example(999_999)
@example(999_999_999)
@example(10**12)
def test_short_is_right_to_three_digits_and_has_no_exponent(number: int) -> None:
    """A million is not 1e+03 k, and a thousandth of what is shown is below a half."""
    text = short(number)
    value, _, unit = text.partition(" ")
    shown = float(value.replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]

    assert "e" not in text
    assert shown == pytest.approx(number, rel=0.0051, abs=0.5)
    assert unit == "G" or float(value.replace(",", "")) < 1000


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1_000, "1 k"), (999_500, "1 M"), (5e13, "50,000 G")],
)
def test_short_changes_its_unit_where_three_digits_round_up(
    number: float, text: str
) -> None:
    """The unit belongs to the number that is shown, not to the one before rounding."""
    assert short(number) == text


@given(st.floats(0, 1e6))
@example(59.96)
@example(3599.6)
@example(0.09999)
def test_duration_never_shows_sixty_of_a_unit(seconds: float) -> None:
    """A minute is not 60.0 s, an hour not 60 min, and the value is what it says."""
    text = duration(seconds)
    parts = text.split()
    units = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
    amounts = [
        (float(n), units[u]) for n, u in zip(parts[::2], parts[1::2], strict=True)
    ]
    shown = sum(number * unit for number, unit in amounts)
    last = amounts[-1][1]

    assert shown == pytest.approx(seconds, abs=60 if last == 60 else 0.51)
    assert all(number < 60 for number, unit in amounts if unit in (1, 60))


@given(st.floats(-1, 1))
def test_points_shows_the_sign_and_the_size_of_a_difference(share: float) -> None:
    """A loss has a minus sign of its own, and both functions show the same size."""
    text = points(share, " points")

    assert text[0] in ("+", "\N{MINUS SIGN}")
    assert (text[0] == "+") == (share >= 0)
    assert text[1:] == size_of(share)
    assert float(text[1:].split()[0]) == pytest.approx(100 * abs(share), abs=0.0051)


@pytest.mark.parametrize("function", [short, duration, whole, percent, points, p_value])
@pytest.mark.parametrize("value", [None, "7", float("inf"), float("nan"), 1j, np.nan])
def test_whatever_is_no_finite_number_is_a_dash(function, value: object) -> None:
    """A text, a complex number or an infinity in a cell does not end a report."""
    assert not is_number(value)
    assert function(value) == MISSING


@pytest.mark.parametrize("value", [np.float32(0.5), np.int64(3), 2, True])
def test_numbers_of_numpy_are_numbers(value: object) -> None:
    """Cells of a table are NumPy's as often as Python's."""
    assert is_number(value)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 folds"), (1, "1 fold"), (2, "2 folds"), (1000, "1,000")]
)
def test_counted_has_a_plural_for_all_but_one(number: int, text: str) -> None:
    """None and many are plural."""
    assert counted(number, "fold").startswith(text)
    assert counted(number, "fold").endswith("s") == (number != 1)
