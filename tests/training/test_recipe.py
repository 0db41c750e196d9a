"""The learning-rate schedule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.training.recipe import (
    FINAL_SHARE,
    HEAD_SHARE,
    PART_FACTOR,
    WARMUP_SHARE,
    learning_rates,
    rates_at,
    rates_of_parts,
    two_phases,
)


@given(steps=st.integers(1, 60), length=st.integers(1, 30))
def test_learning_rates_epoch_by_epoch_make_one_schedule(
    steps: int, length: int
) -> None:
    """A schedule cut into epochs warms up once, then only falls, and ends near zero."""
    rates = np.concatenate(
        [
            learning_rates(
                0.1, epoch=epoch, steps_per_epoch=steps, schedule_epochs=length
            )
            for epoch in range(length)
        ]
    )

    top = int(np.argmax(rates))
    assert rates.dtype == np.float32
    assert rates.shape == (steps * length,)
    assert np.all(np.diff(rates[: top + 1]) >= 0)
    assert np.all(np.diff(rates[top:]) <= 1e-9)
    assert rates.max() <= 0.1 + 1e-8
    assert len(rates) < 20 or rates[-1] < 0.1 * 0.05


@given(epoch=st.integers(0, 29), length=st.integers(1, 30), whole=st.booleans())
def test_two_phases_train_the_head_first_and_the_body_most_of_the_time(
    epoch: int, length: int, *, whole: bool
) -> None:
    """New weights follow the schedule; learnt ones rest first, then follow slower."""
    rates = np.linspace(1.0, 0.1, 5, dtype=np.float32)
    new, learnt = two_phases(
        rates, epoch=epoch, schedule_epochs=length, whole_body=whole
    ).T

    assert np.array_equal(new, rates)
    factor = 0 if epoch / length < 0.1 else 1 if whole else PART_FACTOR
    assert np.allclose(learnt, factor * rates)


@given(steps=st.integers(20, 200), length=st.integers(1, 20))
def test_rates_at_shares_of_a_training_are_those_of_its_steps(
    steps: int, length: int
) -> None:
    """A training limited in seconds follows the schedule of one limited in epochs."""
    total = steps * length
    by_step = np.concatenate(
        [
            learning_rates(
                0.1, epoch=epoch, steps_per_epoch=steps, schedule_epochs=length
            )
            for epoch in range(length)
        ]
    )
    by_share = rates_at(0.1, np.arange(total) / total)

    # a step of the warm-up apart, which is at least one step long
    assert np.abs(by_step - by_share).max() < 0.1 * 2 / (WARMUP_SHARE * total)


@given(st.floats(0, 1), st.floats(1e-4, 1.0))
def test_rates_at_any_share_are_positive_and_at_most_the_peak(
    share: float, peak: float
) -> None:
    """No step is wasted on a rate of zero, and none is larger than was searched."""
    (rate,) = rates_at(peak, np.array([share]))

    assert 0 < rate <= peak * (1 + 1e-6)


def test_rates_at_the_ends_are_those_that_are_documented() -> None:
    """The peak is reached when the warm-up ends, and 1 % of it is left at the end."""
    first, top, last = rates_at(2.0, np.array([0.0, WARMUP_SHARE, 1.0]))

    assert first == pytest.approx(0.002)
    assert top == pytest.approx(2.0)
    assert last == pytest.approx(2.0 * FINAL_SHARE)


@given(epoch=st.integers(0, 19), whole=st.booleans())
def test_rates_of_parts_are_the_two_phases_of_a_training_in_seconds(
    epoch: int, *, whole: bool
) -> None:
    """Head and body have the rates that they have where epochs are counted."""
    rates = np.linspace(1.0, 0.1, 5, dtype=np.float32)
    by_epoch = two_phases(rates, epoch=epoch, schedule_epochs=20, whole_body=whole)
    by_share = rates_of_parts(rates, np.full(5, epoch / 20), whole_body=whole)

    assert by_share.dtype == np.float32
    assert np.array_equal(by_epoch, by_share)


def test_rates_of_parts_let_the_body_follow_within_a_call() -> None:
    """Steps before and after a tenth of the training may come in one call."""
    progress = np.array([0.0, HEAD_SHARE - 1e-6, HEAD_SHARE, 0.5])
    _, body = rates_of_parts(np.ones(4, np.float32), progress).T

    assert body.tolist() == [0.0, 0.0, PART_FACTOR, PART_FACTOR]
