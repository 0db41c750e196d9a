"""`kedro_nas.ranking.latency_check`: contestants are measured, or predicted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.finalists import build_finalist
from tests.latency_checks import BOUND, measured

from kedro_nas.errors import RankingError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking import latency_check as module
from kedro_nas.ranking.latency_check import check_latency, require_bound

FAST = build_finalist("fast", 100).model_copy(update={"latency_ms": 4.0})
SLOW = build_finalist("slow", 100).model_copy(update={"latency_ms": 9.0})


def test_contestants_are_measured_once_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ranking that is resumed chooses by the same numbers."""
    taken = iter([8.0, 12.0, 1.0, 1.0])
    monkeypatch.setattr(module, "why_not_measured", lambda _: "")
    monkeypatch.setattr(
        module, "measure_for_bound", lambda *_, **__: measured(next(taken))
    )
    first = check_latency([FAST, SLOW], BOUND, tmp_path)
    again = check_latency([FAST, SLOW], BOUND, tmp_path)

    assert first is not None
    assert first.too_slow == {SLOW.key}
    assert again == first


def test_where_none_keeps_the_bound_the_next_run_measures_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine stops the ranking before its folds, and not for ever."""
    taken = iter([12.0, 13.0, 8.0, 9.0])
    monkeypatch.setattr(module, "why_not_measured", lambda _: "")
    monkeypatch.setattr(
        module, "measure_for_bound", lambda *_, **__: measured(next(taken))
    )

    with pytest.raises(RankingError, match="no contestant keeps the bound"):
        check_latency([FAST, SLOW], BOUND, tmp_path)
    check = check_latency([FAST, SLOW], BOUND, tmp_path)
    assert check is not None
    assert check.too_slow == frozenset()


def test_on_another_machine_the_prediction_decides(tmp_path: Path) -> None:
    """A board's bound cannot be measured here, which the record says."""
    check = check_latency([FAST, SLOW], BOUND, tmp_path)

    assert check is not None
    assert "board is another machine" in check.reason
    assert check.too_slow == {SLOW.key}  # 9 ms and a margin of 20 %
    assert check.of(FAST.key).measured is None


def test_without_a_bound_nothing_is_checked(tmp_path: Path) -> None:
    """Most searches bound no latency."""
    assert check_latency([FAST], None, tmp_path) is None


@pytest.mark.parametrize(
    "asked", [{"rule": "best_under_latency"}, {"smaller_by": "latency"}]
)
def test_a_choice_by_latency_needs_a_bound(asked: dict[str, str]) -> None:
    """No number is invented for a device that nobody has timed."""
    options = RankingOptions.model_validate(asked)

    with pytest.raises(RankingError, match="profile-device"):
        require_bound(options, None)
    assert require_bound(options, BOUND) is None


def test_a_choice_by_accuracy_needs_none() -> None:
    """The defaults do not ask for a profile."""
    assert require_bound(RankingOptions(), None) is None
