"""How the fastest way to run steps is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.records.search import Execution
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.step_timing import (
    DOUBLING,
    GAIN,
    MAX_BATCH,
    MIN_STEPS,
    Measured,
    Rate,
    choose_execution,
    probe,
)
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.local import LocalPool


def card(
    *, xla: float, half: float, saturates: int, largest: int = 10**9
) -> Callable[[int, Execution], float | None]:
    """Make a GPU whose speed grows with the batch until it is full."""

    def rate(batch: int, execution: Execution) -> float | None:
        if batch > largest:
            return None  # out of memory
        speed = 1000.0 * min(batch, saturates)
        speed *= xla if execution.jit_compile else 1
        return speed * (half if execution.precision != "float32" else 1)

    return rate


def choose(rate: Rate, *, n_train: int = 50_000, open_: bool = True) -> Measured:
    """Choose from batches of 32 on."""
    return choose_execution(rate, batch_size=32, n_train=n_train, batch_may_grow=open_)


def test_choose_takes_what_pays() -> None:
    """XLA, a batch at which the card is full, and half precision, if each pays."""
    found = choose(card(xla=1.5, half=1.8, saturates=256))

    assert found.batch_size == 256
    assert found.execution == Execution(jit_compile=True, precision="mixed_bfloat16")
    assert list(found.images_per_s) == [
        "batch 32, float32",
        "batch 32, float32, XLA",
        *(f"batch {b}, float32, XLA" for b in (64, 128, 256, 512)),
        "batch 256, mixed_bfloat16, XLA",
    ]


def test_choose_leaves_what_does_not_pay() -> None:
    """A card that is full at 32 and slower with everything keeps plain steps."""
    found = choose(card(xla=1.05, half=0.1, saturates=32))

    assert (found.batch_size, found.execution) == (32, PLAIN)


def test_choose_batch_of_the_user_stays() -> None:
    """Where the batch size is given only XLA and precision are measured."""
    found = choose(card(xla=2, half=1, saturates=512), open_=False)

    assert (found.batch_size, found.execution.jit_compile) == (32, True)


def test_choose_nothing_works_is_plain() -> None:
    """A card on which not even plain steps run is left to the first trial to tell."""
    found = choose(lambda *_: None)

    assert (found.batch_size, found.execution) == (32, PLAIN)
    assert list(found.images_per_s.values()) == [None]


@given(
    xla=st.floats(0.2, 4),
    half=st.floats(0.05, 3),
    saturates=st.integers(1, 2048),
    largest=st.integers(32, 2048),
    n_train=st.integers(100, 10**6),
)
def test_choose_is_never_slower_and_keeps_its_limits(
    xla: float, half: float, saturates: int, largest: int, n_train: int
) -> None:
    """What is chosen was measured, is no slower than plain, and leaves 50 steps."""
    rate = card(xla=xla, half=half, saturates=saturates, largest=largest)
    found = choose(rate, n_train=n_train)
    chosen, plain = rate(found.batch_size, found.execution), rate(32, PLAIN)

    assert chosen is not None
    assert plain is not None
    assert chosen >= plain
    assert chosen in found.images_per_s.values()
    assert found.batch_size <= min(MAX_BATCH, largest)
    if found.batch_size > 32:
        assert n_train // found.batch_size >= MIN_STEPS
        assert chosen >= plain * DOUBLING
    if found.execution != PLAIN:
        assert chosen >= plain * GAIN


@pytest.mark.slow
def test_probe_times_steps_on_a_worker_and_remembers(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Real probes give images per second; asked again they come from the journal."""
    pool = LocalPool(workers=1, threads=1, log=tmp_path / "workers.log")
    options = {
        "journal": tmp_path / "probes.jsonl",
        "fingerprint": "x",
        "n_train": 3300,
        "batch_may_grow": True,
        "deadline": None,
    }
    first = probe(pool, make_task(checkpoint=None), **options)
    pool.close()
    # a pool that is closed could train nothing
    again = probe(pool, make_task(checkpoint=None), **options)

    assert {"batch 32, float32", "batch 64, float32"} <= {
        name.removesuffix(", XLA") for name in first.images_per_s
    }
    assert all(first.images_per_s.values())
    assert again == first
