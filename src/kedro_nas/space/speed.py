"""A rough time per epoch on one core, to choose bounds by; never used to choose nets.

Measured with batches of 64 on one core of an AMD EPYC (Zen 3), forward and backward:
dense convolutions 55, depthwise 9 GFLOP/s; another processor differs by a factor,
rarely in the order.
"""

from __future__ import annotations

from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import count_depthwise_macs, count_macs

# Forward and backward take three times the forward pass, two operations per MAC.
_FLOPS_PER_MAC = 6
_DENSE_FLOPS_PER_S = 55e9
_DEPTHWISE_FLOPS_PER_S = 9e9


def seconds_per_epoch(architecture: Architecture, n_train: int) -> float:
    """Estimate the seconds of one epoch on one core.

    Args:
        architecture: The network.
        n_train: Images of the epoch.
    """
    depthwise = count_depthwise_macs(architecture)
    dense = count_macs(architecture) - depthwise
    per_image = dense / _DENSE_FLOPS_PER_S + depthwise / _DEPTHWISE_FLOPS_PER_S
    return n_train * _FLOPS_PER_MAC * per_image
