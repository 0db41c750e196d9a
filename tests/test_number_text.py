"""Numbers as sentences and tables show them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kedro_nas.number_text import MISSING, named_p_value, p_value, percent, points

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
