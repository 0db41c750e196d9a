"""From one timed epoch to the candidates this machine can afford."""

from __future__ import annotations

from kedro_nas.training.tasks import Epoch

FEW_STEPS = 10  # of so few the first is a good part of an epoch


def affordable_macs(
    epoch: Epoch, *, macs: int, steps: int, allowed_s: float
) -> tuple[float, float]:
    """Return the seconds of an epoch, and the MACs that fit into a given time.

    Args:
        epoch: The first of candidate 0; what its first step took to compile is left
            out, since it is paid once, and by XLA may take longer than the epoch.
        macs: Multiply-adds of candidate 0 per image.
        steps: Gradient steps of the epoch.
        allowed_s: Seconds an epoch may take.

    Returns:
        Seconds of the epoch, and MACs.

    >>> epoch = Epoch(epoch=1, train_loss=1, learning_rate=1e-3, seconds_train=12,
    ...               seconds_first_step=10)
    >>> affordable_macs(epoch, macs=1_000_000, steps=250, allowed_s=6)
    (2.0, 3000000.0)
    >>> affordable_macs(epoch, macs=1_000_000, steps=4, allowed_s=6)
    (12.0, 500000.0)
    """
    seconds = epoch.seconds_train
    if steps >= FEW_STEPS:
        seconds -= epoch.seconds_first_step
    return seconds, allowed_s / seconds * macs
