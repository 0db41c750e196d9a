"""Numbers on the page: no line breaks between a number and its unit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kedro_nas import number_text

_GLUED = re.compile(
    r"(?<=\d) (?=(?:%|s\b|min\b|h\b|points\b))|(?<=\bp) (?=[=<])|(?<=[=<]) (?=\d)"
)


def percent(share: Any, digits: int = 1) -> str:
    """Write a fraction in percent, a dash for none.

    >>> percent(0.9055) == "90.5\N{NO-BREAK SPACE}%"
    True
    """
    return typeset(number_text.percent(share, digits))


def typeset(sentence: str) -> str:
    """Keep numbers and their units, and `p = 0.01`, on one line.

    >>> typeset("9 % of all, p = 0.1") == "9\N{NO-BREAK SPACE}% of all, " + (
    ...     "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.1")
    True
    """
    return _GLUED.sub("\N{NO-BREAK SPACE}", sentence)


FILTERS: dict[str, Callable[..., str]] = {
    "counted": number_text.counted,
    "duration": number_text.duration,
    "p_value": number_text.p_value,
    "percent": percent,
    "points": number_text.points,
    "short": number_text.short,
    "typeset": typeset,
    "whole": number_text.whole,
}
