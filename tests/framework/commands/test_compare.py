"""`kedro_nas.framework.commands.compare`: what two runs may be said to show."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.framework.commands import compare


def _run(name: str, test: float | None, *, data: str = "a") -> dict[str, Any]:
    low, high = (None, None) if test is None else (test - 0.05, test + 0.05)
    return {"run": name, "test": test, "test_low": low, "test_high": high, "data": data}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (_run("b", 0.8, data="b"), "different data"),
        (_run("b", None), "Not both have read"),
        (_run("b", 0.7), "the same share"),
        (_run("b", 0.75), "b is 5.0 points ahead on the test images, but"),
        (_run("b", 0.9), "b is 20.0 points ahead on the test images."),
        (_run("b", 0.5), "a is 20.0 points ahead on the test images."),
    ],
)
def test_sentence_says_no_more_than_the_numbers_carry(
    second: dict[str, Any], said: str
) -> None:
    """Other data, equal shares and overlapping intervals are no victory."""
    assert said in compare._sentence(_run("a", 0.7), second)
