"""The learning-rate schedule."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.training.recipe import PART_FACTOR, learning_rates, two_phases


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
