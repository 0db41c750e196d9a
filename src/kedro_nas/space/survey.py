"""Costs of networks of a search space, from random draws; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs, count_depthwise_macs, count_macs
from kedro_nas.space.search_space import SearchSpace

_PER_COST = ("params", "macs", "depth", "memory_mb", "seconds_per_epoch")
# Forward and backward, batches of 64, on one core of an AMD EPYC (Zen 3): other
# processors differ by a factor, rarely in the order of networks.
_DENSE_FLOPS_PER_S = 55e9
_DEPTHWISE_FLOPS_PER_S = 9e9
# Forward and backward take three times the forward pass, two operations per MAC.
_FLOPS_PER_MAC = 6


@dataclass(frozen=True)
class Survey:
    """Costs of a sample of a search space.

    Attributes:
        ranges: A row per cost: `smallest`, `lower_quarter`, `median`,
            `upper_quarter`, `largest`.
        samples: The table of `sample_costs`.
        n_distinct: Distinct architectures among the samples.
    """

    ranges: pd.DataFrame
    samples: pd.DataFrame
    n_distinct: int


def sample_costs(
    space: SearchSpace, n_samples: int, seed: int, *, n_train: int = 10_000
) -> pd.DataFrame:
    """Draw architectures that fit and count their costs.

    Args:
        space: The search space.
        n_samples: Number of draws, e.g. 1,000.
        seed: Root seed.
        n_train: Images per epoch, for the estimated time.

    Returns:
        A row per draw: `key`, `name`, `family`, `params`, `macs`, `depth`,
        `memory_mb`, `seconds_per_epoch` (estimated, one core).
    """
    rng = generator(seed, "survey")
    rows = []
    for _ in range(n_samples):
        architecture = space.sample(rng)
        cost = costs(architecture)
        rows.append(
            {
                "key": architecture.key,
                "name": architecture.describe(),
                "family": architecture.family,
                "params": cost.params,
                "macs": cost.macs,
                "depth": cost.depth,
                "memory_mb": cost.memory_mb,
                "seconds_per_epoch": seconds_per_epoch(architecture, n_train),
            }
        )
    return pd.DataFrame(rows)


def survey(
    space: SearchSpace, n_samples: int, seed: int, *, n_train: int = 10_000
) -> Survey:
    """Draw from a space and summarise the ranges of the costs.

    Args:
        space: The search space.
        n_samples: Number of draws, e.g. 1,000.
        seed: Root seed.
        n_train: Images per epoch, for the estimated time.
    """
    samples = sample_costs(space, n_samples, seed, n_train=n_train)
    ranges = samples[list(_PER_COST)].quantile([0, 0.25, 0.5, 0.75, 1]).T
    ranges.columns = pd.Index(
        ["smallest", "lower_quarter", "median", "upper_quarter", "largest"]
    )
    return Survey(ranges, samples, int(samples["key"].nunique()))


def seconds_per_epoch(architecture: Architecture, n_train: int) -> float:
    """Estimate the seconds of one epoch on one core.

    It helps users to choose bounds; networks are never chosen by it.

    Args:
        architecture: The network.
        n_train: Images per epoch.
    """
    depthwise = count_depthwise_macs(architecture)
    dense = count_macs(architecture) - depthwise
    per_image = dense / _DENSE_FLOPS_PER_S + depthwise / _DEPTHWISE_FLOPS_PER_S
    return n_train * _FLOPS_PER_MAC * per_image
