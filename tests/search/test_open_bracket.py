"""The state of a started bracket."""

from __future__ import annotations

from kedro_nas.search.open_bracket import OpenBracket


def test_open_brackets_share_no_state() -> None:
    """What is promoted in one bracket is promoted in no other."""
    first, second = (OpenBracket(0, number, [[]], 0, 0) for number in (2, 1))
    first.promoted[1] = ["a"]

    assert second.promoted == {}
    assert not second.is_exhausted
