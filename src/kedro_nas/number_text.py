"""Text of numbers, fractions, p-values and durations for sentences and tables."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, TypeGuard

# shown where there is no number
MISSING = "—"


def percent(share: Any, digits: int = 1) -> str:
    """Write a fraction in percent; a dash if there is none.

    >>> percent(0.8931), percent(0.2, 0), percent(float("nan"))
    ('89.3 %', '20 %', '—')
    """
    return f"{share * 100:.{digits}f} %" if is_number(share) else MISSING


def points(difference: Any, unit: str = "") -> str:
    """Write a signed difference of fractions in percentage points.

    >>> points(0.0123), points(0.0123, " points")
    ('+1.23', '+1.23 points')
    """
    if not is_number(difference):
        return MISSING
    sign = "\N{MINUS SIGN}" if difference < 0 else "+"
    return f"{sign}{abs(difference) * 100:.2f}{unit}"


def size_of(difference: float, digits: int = 2) -> str:
    """Write the absolute difference of fractions in percentage points.

    >>> size_of(-0.0123)
    '1.23 points'
    """
    return f"{abs(difference) * 100:.{digits}f} points"


def p_value(p: Any) -> str:
    """Write a p-value with three decimals.

    >>> p_value(0.0312), p_value(1e-5)
    ('0.031', '< 0.001')
    """
    if not is_number(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def named_p_value(p: float) -> str:
    """Write a p-value as an equation, for sentences.

    >>> named_p_value(0.0312), named_p_value(1e-5)
    ('p = 0.031', 'p < 0.001')
    """
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def whole(number: Any) -> str:
    """Write a count with thousands separators.

    >>> whole(350752), whole(None)
    ('350,752', '—')
    """
    return f"{int(number):,}" if is_number(number) else MISSING


def counted(number: int, noun: str) -> str:
    """Write a count with its noun, which has a plural in s.

    >>> counted(1, "network"), counted(1200, "network")
    ('1 network', '1,200 networks')
    """
    return f"{whole(number)} {noun}" if number == 1 else f"{whole(number)} {noun}s"


def short(number: Any) -> str:
    """Write a large count with three significant digits and k, M or G.

    >>> short(350752), short(21_158_272), short(42)
    ('351 k', '21.2 M', '42')
    """
    if not is_number(number):
        return MISSING
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        scaled = float(f"{number / size:.3g}")  # 999,999 is one million
        if scaled >= 1:
            return f"{scaled:,.10g} {unit}"
    return f"{number:.0f}"


def duration(seconds: Any) -> str:
    """Write a duration in milliseconds, seconds, minutes or hours.

    >>> duration(0.0042), duration(4.26), duration(236), duration(9000)
    ('4.2 ms', '4.3 s', '3 min 56 s', '2 h 30 min')
    """
    if not is_number(seconds):
        return MISSING
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return isinstance(value, Real) and math.isfinite(value)
