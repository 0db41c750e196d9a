"""Several processes give the results of one, in order, and say when one dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kedro_nas.data import pool
from kedro_nas.data.pool import Halving, run_in_processes
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


@pytest.mark.parametrize(("cores", "starts"), [([3], False), ([3, 5], True)])
def test_run_in_processes_counts_the_cores_it_may_use(
    forked, monkeypatch, cores, starts
):
    """In a container with one core of sixty-four no second process is started."""
    monkeypatch.setattr(pool, "cpu_numbers", lambda: cores)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    results = list(run_in_processes(doubled, iter([(1,)]), n_workers=None, cost_s=60))

    assert [value for value, _ in results] == [2]
    assert (results[0][1] != os.getpid()) is starts


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
    """A process killed for lack of memory is an error, not an endless wait."""
    jobs = ((number,) for number in range(10))

    with pytest.raises(
        DataError, match=r"a process that decodes images crashed.*n_workers"
    ):
        list(run_in_processes(dying, jobs, n_workers=2, cost_s=60))


def test_run_in_processes_passes_errors_on(forked):
    """An error of the work is the caller's."""
    with pytest.raises(ValueError, match="7"):
        list(run_in_processes(failing, iter([(7,)]), n_workers=2, cost_s=60))


def dying_in_company(numbers: list[int]) -> list[int]:
    if 3 in numbers:
        os._exit(1)
    return numbers


def test_run_in_processes_sets_aside_what_ends_its_process(forked):
    """One image that no memory suffices for costs itself, not the job."""
    halving = Halving(
        halve=lambda job: [(job[0][:1],), (job[0][1:],)] if job[0][1:] else [job],
        give_up=lambda job: [-number for number in job[0]],
    )
    jobs = iter([([0, 1],), ([2, 3],), ([4, 5],), ([6, 7],)])
    results = run_in_processes(
        dying_in_company, jobs, n_workers=2, cost_s=60, halving=halving
    )

    assert [n for part in results for n in part] == [0, 1, 2, -3, 4, 5, 6, 7]


def always_dying(numbers: list[int]) -> list[int]:
    os._exit(1)


def test_run_in_processes_gives_up_where_everything_ends_its_process(forked):
    """A machine without memory is an error, instead of setting all images aside."""
    halving = Halving(
        halve=lambda job: [job], give_up=lambda job: job[0], max_given_up=2
    )
    jobs = iter([([number],) for number in range(10)])

    with pytest.raises(DataError, match="a process that decodes images crashed"):
        list(
            run_in_processes(
                always_dying, jobs, n_workers=2, cost_s=60, halving=halving
            )
        )


PARENT = """
import os, time
from kedro_nas.data.pool import run_in_processes
def work(number):
    time.sleep(0.05)
    return os.getpid()
jobs = ((number,) for number in range(10_000))
for pid in run_in_processes(work, jobs, n_workers=2, cost_s=60):
    print(pid, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
@pytest.mark.parametrize("has_tensorflow", [False, True])
def test_run_in_processes_end_with_their_parent_when_it_is_killed(has_tensorflow):
    """No decoder, forked or started clean, outlives the run, whatever ends that."""
    heavy = "import sys; sys.modules['tensorflow'] = sys\n" if has_tensorflow else ""
    parent = subprocess.Popen(
        [sys.executable, "-c", heavy + PARENT], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    decoders = {int(parent.stdout.readline()) for _ in range(10)}
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and any(map(_is_alive, decoders)):
        time.sleep(0.05)

    assert len(decoders) == 2
    assert not any(map(_is_alive, decoders))


def _is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except OSError:
        return False
