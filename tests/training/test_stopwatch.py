"""Where the seconds of a task go."""

from __future__ import annotations

import pytest

from kedro_nas.training.stopwatch import Stopwatch


def test_stopwatch_adds_to_its_kind_whatever_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seconds of a block that fails count as well; other kinds stay."""
    ticks = iter([10.0, 12.5, 20.0, 21.0])
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))
    seconds = {"train": 1.0, "validate": 4.0}

    with Stopwatch(seconds, "train"):
        pass
    with pytest.raises(RuntimeError), Stopwatch(seconds, "train"):
        raise RuntimeError

    assert seconds == {"train": 4.5, "validate": 4.0}
