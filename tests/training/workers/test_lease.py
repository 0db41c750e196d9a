"""The pool that outlives a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.parameters.search import SearchOptions
from kedro_nas.training.workers import lease
from kedro_nas.training.workers.lease import end_kept_pool, lease_pool


class FakePool:
    """A pool that only remembers whether it is open and busy."""

    def __init__(self, kind: tuple[object, ...]) -> None:
        self.made_for, self.size, self.busy, self.open = kind, 2, 0, True

    @staticmethod
    def kind(options: SearchOptions, log: Path) -> tuple[object, ...]:
        return (options.workers, log)

    @classmethod
    def start(cls, options: SearchOptions, log: Path) -> FakePool:
        return cls(cls.kind(options, log))

    def free(self) -> list[int]:
        return list(range(self.size - self.busy))

    def close(self) -> None:
        self.open = False


@pytest.fixture(autouse=True)
def _fake_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    end_kept_pool()
    monkeypatch.setattr(lease, "LocalPool", FakePool)


def test_lease_next_stage_of_the_same_kind_gets_the_same_pool(tmp_path: Path) -> None:
    """The second stage does not start workers anew."""
    with lease_pool(SearchOptions(), tmp_path) as first:
        pass
    with lease_pool(SearchOptions(), tmp_path) as second:
        pass
    end_kept_pool()

    assert first is second
    assert not first.open  # type: ignore[attr-defined]


def test_lease_other_kind_closes_the_old_and_starts_anew(tmp_path: Path) -> None:
    """A stage that wants other workers gets them, and the old ones end."""
    with lease_pool(SearchOptions(workers=1), tmp_path) as first:
        pass
    with lease_pool(SearchOptions(workers=2), tmp_path) as second:
        pass
    end_kept_pool()

    assert first is not second
    assert not first.open  # type: ignore[attr-defined]


def test_lease_raising_or_busy_stage_leaves_no_pool_behind(tmp_path: Path) -> None:
    """After an error, or with a task under way, workers are ended at once."""
    with (
        pytest.raises(KeyboardInterrupt),
        lease_pool(SearchOptions(), tmp_path) as raised,
    ):
        raise KeyboardInterrupt
    with lease_pool(SearchOptions(), tmp_path) as busy:
        busy.busy = 1  # type: ignore[attr-defined]

    assert not raised.open  # type: ignore[attr-defined]
    assert not busy.open  # type: ignore[attr-defined]
