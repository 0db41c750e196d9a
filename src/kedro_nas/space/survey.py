"""What a search space holds, from even draws; nothing is trained."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kedro_nas.seeds import generator
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.speed import seconds_per_epoch

_PER_COST = ("params", "macs", "depth", "memory_mb", "seconds_per_epoch")


def sample_costs(
    space: SearchSpace, n_samples: int, seed: int, *, n_train: int = 10_000
) -> pd.DataFrame:
    """Draw architectures that fit and count them.

    Args:
        space: The search space.
        n_samples: How many to draw, e.g. 1,000.
        seed: Root seed.
        n_train: Images of an epoch, for the estimated time.

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
) -> dict[str, Any]:
    """Summarise a space: ranges of its costs, and what its bounds reject.

    Args:
        space: The search space.
        n_samples: How many to draw, e.g. 1,000.
        seed: Root seed.
        n_train: Images of an epoch, for the estimated time.

    Returns:
        `ranges` (a table, a row per cost: `smallest`, `lower_quarter`, `median`,
        `upper_quarter`, `largest`), `bounds`, `acceptance`, `n_distinct`,
        `samples` (the table of `sample_costs`).
    """
    samples = sample_costs(space, n_samples, seed, n_train=n_train)
    ranges = samples[list(_PER_COST)].quantile([0, 0.25, 0.5, 0.75, 1]).T
    ranges.columns = pd.Index(
        ["smallest", "lower_quarter", "median", "upper_quarter", "largest"]
    )
    return {
        "ranges": ranges,
        "bounds": space.bounds.model_dump(),
        "acceptance": space.acceptance.model_dump(),
        "n_distinct": int(samples["key"].nunique()),
        "samples": samples,
    }
