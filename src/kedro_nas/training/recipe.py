"""The learning-rate schedule over the full length of training."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

WARMUP_SHARE = 0.05  # of all steps; enough for AdamW's second moments to settle
HEAD_SHARE = 0.1  # of the schedule, in which only the new head learns
PART_FACTOR = 0.5  # of the learning rate, for the unfrozen part of a body
FINAL_SHARE = 0.01  # of the peak at the very end, as in performance.md's fast engine


def learning_rates(
    peak: float, *, epoch: int, steps_per_epoch: int, schedule_epochs: int
) -> NDArray[np.float32]:
    """Return the learning rate of each step of one epoch.

    Linear warm-up, then half a cosine, over `schedule_epochs`: a candidate promoted to
    a longer rung continues its schedule instead of restarting it.

    Args:
        peak: Highest learning rate.
        epoch: Which epoch, counted from 0.
        steps_per_epoch: Gradient steps in an epoch.
        schedule_epochs: Epochs of the whole schedule.

    Returns:
        float32 of shape `(steps_per_epoch,)`.

    Source: Loshchilov & Hutter (2017), SGDR, without restarts.

    >>> learning_rates(1.0, epoch=9, steps_per_epoch=10, schedule_epochs=10)[-1] < 0.02
    np.True_
    """
    total = steps_per_epoch * schedule_epochs
    warmup = max(1, round(WARMUP_SHARE * total))
    step = np.arange(steps_per_epoch) + epoch * steps_per_epoch
    share = np.clip((step - warmup) / max(1, total - warmup), 0.0, 1.0)
    cosine = FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + np.cos(math.pi * share))
    rates = peak * np.where(step < warmup, (step + 1) / warmup, cosine)
    return rates.astype(np.float32)


def rates_at(peak: float, progress: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the learning rate at given shares of a training.

    The schedule of `learning_rates`, for a training limited in seconds.

    Args:
        peak: Highest learning rate.
        progress: Shares of the training that are done, in [0, 1].

    Returns:
        float32, of the shape of `progress`.

    >>> rates_at(1.0, np.array([0.0, 0.05, 1.0])).astype(float).round(3).tolist()
    [0.001, 1.0, 0.01]
    """
    share = np.clip((progress - WARMUP_SHARE) / (1 - WARMUP_SHARE), 0.0, 1.0)
    cosine = FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + np.cos(math.pi * share))
    warm = np.maximum(progress / WARMUP_SHARE, 1e-3)
    rates = peak * np.where(progress < WARMUP_SHARE, warm, cosine)
    return rates.astype(np.float32)


def rates_of_parts(
    rates: NDArray[np.float32],
    progress: NDArray[np.float64],
    *,
    whole_body: bool = False,
) -> NDArray[np.float32]:
    """Pair the rates of new weights with those of pretrained ones, by progress.

    Args:
        rates: From `rates_at`.
        progress: Shares of the training that are done, as given to `rates_at`.
        whole_body: Whether nothing of the pretrained body is frozen.

    Returns:
        float32 of shape `(steps, 2)`; see `two_phases`.
    """
    factor = np.where(progress < HEAD_SHARE, 0.0, 1.0 if whole_body else PART_FACTOR)
    return np.stack([rates, rates * factor.astype(np.float32)], axis=1)


def two_phases(
    rates: NDArray[np.float32],
    *,
    epoch: int,
    schedule_epochs: int,
    whole_body: bool = False,
) -> NDArray[np.float32]:
    """Pair the rates of new weights with those of pretrained ones.

    Fine-tuning has two phases: in the first tenth of the schedule only the head learns,
    as its first gradients would spoil the body; then the body follows, at half the rate
    where it is partly unfrozen, at the full rate where all of it is: with few images
    there are too few steps for a body to adapt at a lower rate. Reinitialised layers of
    the body are trained like the head. Without pretrained weights the second column is
    unused. benchmarks/transfer.py measures the gain.

    Args:
        rates: Of one epoch, from `learning_rates`.
        epoch: Which epoch, counted from 0.
        schedule_epochs: Epochs of the whole schedule.
        whole_body: Whether nothing of the pretrained body is frozen.

    Returns:
        float32 of shape `(steps_per_epoch, 2)`.

    >>> two_phases(np.ones(1, np.float32), epoch=0, schedule_epochs=9)[0].tolist()
    [1.0, 0.0]
    """
    factor = 1.0 if whole_body else PART_FACTOR
    if epoch < HEAD_SHARE * schedule_epochs:
        factor = 0.0
    return np.stack([rates, rates * np.float32(factor)], axis=1)
