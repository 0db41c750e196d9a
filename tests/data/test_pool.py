"""Several processes give the results of one, in order, and say when one dies."""

from __future__ import annotations

import os

import pytest

from kedro_nas.data import pool
from kedro_nas.data.pool import run_in_processes
from kedro_nas.errors import DataError


def doubled(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()


def dying(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number


def failing(number: int) -> int:
    raise ValueError(number)


@pytest.fixture
def forked(monkeypatch):
    """Fork, whatever other tests have imported into this process."""
    monkeypatch.setattr(pool, "_may_fork", lambda: True)


def test_run_in_processes_keeps_the_order(forked):
    """Results come in the order of the jobs, from other processes."""
    jobs = ((number,) for number in range(20))
    results = list(run_in_processes(doubled, jobs, n_workers=2, cost_s=60))

    assert [value for value, _ in results] == list(range(0, 40, 2))
    assert os.getpid() not in {pid for _, pid in results}


@pytest.mark.parametrize(("n_workers", "cost_s"), [(1, 60), (2, 0.01)])
def test_run_in_processes_starts_none_where_none_pays(n_workers, cost_s):
    """Little work is done here."""
    jobs = iter([(1,)])
    results = list(run_in_processes(doubled, jobs, n_workers=n_workers, cost_s=cost_s))

    assert results == [(2, os.getpid())]


def test_run_in_processes_reads_only_a_little_ahead(forked):
    """However many jobs there are, a few are held at a time."""
    taken = []

    def jobs():
        for number in range(50):
            taken.append(number)
            yield (number,)

    stream = run_in_processes(doubled, jobs(), n_workers=2, cost_s=60)
    next(stream)

    assert len(taken) <= 6
    stream.close()


def test_run_in_processes_says_when_a_process_dies(forked):
    """The system kills a process when memory ends; that is told, not hung upon."""
    jobs = ((number,) for number in range(10))

    with pytest.raises(
        DataError, match=r"a process that decodes images died.*n_workers"
    ):
        list(run_in_processes(dying, jobs, n_workers=2, cost_s=60))


def test_run_in_processes_passes_errors_on(forked):
    """An error of the work is the caller's."""
    with pytest.raises(ValueError, match="7"):
        list(run_in_processes(failing, iter([(7,)]), n_workers=2, cost_s=60))
