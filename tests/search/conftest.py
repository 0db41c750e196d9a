"""A space and a proposer small enough to count on fingers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.search.oracle import HyperbandOracle, Limits
from kedro_nas.space.architecture import Architecture, Recipe, Stage, Stem


def make_architecture(number: int) -> Architecture:
    """Make the architecture of a given number; width carries the number."""
    return Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=number, kernel_size=3, stride=1),),
        recipe=Recipe(),
    )


class CountedSpace:
    """Knows architectures by one number, 1 to `size`."""

    def __init__(self, size: int) -> None:
        self.choices = {"width": tuple(range(1, size + 1))}

    def encode(self, architecture: Architecture) -> dict[str, Any]:
        return {"width": architecture.stages[0].width}

    def decode(self, values: dict[str, Any]) -> Architecture:
        return make_architecture(values["width"])


class CountingProposer:
    """Proposes 1, 2, 3, ... and then nothing."""

    def __init__(self, size: int) -> None:
        self._left = list(range(1, size + 1))

    def ask(self) -> Architecture | None:
        return make_architecture(self._left.pop(0)) if self._left else None


@pytest.fixture
def make_oracle() -> Callable[..., HyperbandOracle]:
    """Make an oracle over a counted space."""

    def make(*, size: int = 10_000, **changes: Any) -> HyperbandOracle:
        limits = Limits(
            iterations=changes.pop("iterations", 1),
            max_trials=changes.pop("max_trials", None),
            max_epochs_total=changes.pop("max_epochs_total", None),
        )
        options: dict[str, Any] = {
            "max_epochs": 9,
            "min_epochs": 1,
            "factor": 3,
            "slope_places": 0,
            "recent_scores": lambda _: [],
            "seed": 0,
            **changes,
        }
        return HyperbandOracle(
            space=CountedSpace(min(size, 200)),  # type: ignore[arg-type]
            proposer=CountingProposer(size),  # type: ignore[arg-type]
            limits=limits,
            **options,
        )

    return make
