"""The pool that outlives a stage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers import lease
from kedro_nas.training.workers.lease import end_kept_pool, lease_pool
from kedro_nas.training.workers.worker_pool import POOLS


class FakePool:
    """A pool that only remembers for which options it is, and how busy it is."""

    def __init__(self, options: JobOptions, log: Path) -> None:
        self.made_for = options.workers, log
        self.size, self.busy, self.open = 2, 0, True

    def take_over(self, options: JobOptions, log: Path) -> bool:
        return self.made_for == (options.workers, log)

    def free(self) -> list[int]:
        return list(range(self.size - self.busy))

    def teammates(self) -> list[int]:
        return self.free()

    def holds(self, checkpoint: str) -> int | None:
        return None

    def submit(self, task: Any, *, worker: int, remaining_s: float | None) -> None:
        self.busy += 1

    def wait(self, timeout_s: float) -> list[Any]:
        return []

    def close(self) -> None:
        self.open = False


@pytest.fixture(autouse=True)
def _fake_pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `local` name fake pools, and another package have one too."""
    end_kept_pool()
    module = ModuleType("their_pools")
    module.FakePool = FakePool  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_pools", module)
    monkeypatch.setitem(POOLS, "local", "their_pools:FakePool")
    yield
    end_kept_pool()


def test_lease_next_stage_with_the_same_options_gets_the_same_pool(
    tmp_path: Path,
) -> None:
    """The second stage does not start workers anew."""
    with lease_pool(JobOptions(), tmp_path) as first:
        pass
    with lease_pool(JobOptions(), tmp_path) as second:
        pass
    end_kept_pool()

    assert first is second
    assert not first.open  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("workers", "pool"), [(2, "local"), (1, "their_pools:FakePool")]
)
def test_lease_other_workers_or_pool_closes_the_old_and_starts_anew(
    tmp_path: Path, workers: int, pool: str
) -> None:
    """A stage that wants other workers, or another kind of pool, gets them."""
    with lease_pool(JobOptions(workers=1), tmp_path) as first:
        pass
    with lease_pool(JobOptions(workers=workers, pool=pool), tmp_path) as second:
        open_meanwhile = first.open  # type: ignore[attr-defined]

    assert first is not second
    assert not open_meanwhile


def test_lease_raising_or_busy_stage_leaves_no_pool_behind(tmp_path: Path) -> None:
    """After an error, or with a task running, workers are ended at once."""
    with (
        pytest.raises(KeyboardInterrupt),
        lease_pool(JobOptions(), tmp_path) as raised,
    ):
        raise KeyboardInterrupt
    with lease_pool(JobOptions(), tmp_path) as busy:
        busy.busy = 1  # type: ignore[attr-defined]

    assert not raised.open  # type: ignore[attr-defined]
    assert not busy.open  # type: ignore[attr-defined]


def test_lease_pool_that_no_stage_takes_over_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute after the last stage the workers end by themselves."""
    monkeypatch.setattr(lease, "KEEP_S", 0.0)
    with lease_pool(JobOptions(), tmp_path) as pool:
        pass
    timer = lease._kept_pool._timer
    if timer is not None:  # it may have closed the pool already
        timer.join(10)

    assert not pool.open  # type: ignore[attr-defined]
