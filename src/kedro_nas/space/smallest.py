"""The cheapest architecture of a search space."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs


class Smallest(BaseModel):
    """The cheapest architecture of a space.

    Attributes:
        architecture: The network and its recipe.
        params: All parameters.
        macs: Multiply-accumulates of one image.
        depth: Weighted layers on the longest path.
        memory_mb: Peak of the activations at batch 1, 10**6 bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Architecture
    params: int
    macs: int
    depth: int
    memory_mb: float

    @classmethod
    def of(cls, architecture: Architecture) -> Smallest:
        """Return an architecture with its costs."""
        counted = costs(architecture)
        return cls(
            architecture=architecture,
            params=counted.params,
            macs=counted.macs,
            depth=counted.depth,
            memory_mb=counted.memory_mb,
        )
