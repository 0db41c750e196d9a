"""The search space of networks as proposers see it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from typing_extensions import Self

from kedro_nas.parameters.search_space import Range
from kedro_nas.proposers.candidate_space import Description
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.choices import PER_STAGE, Values, draw_value
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import Value, find_block
from kedro_nas.space.sampling import count_codes, enumerate_values
from kedro_nas.space.search_space import SearchSpace

# Spaces of at most so many codes are listed, which shows exactly when none is left.
LISTED_CODES = 5_000
# choices of networks with a pretrained backbone, beside head and recipe
_OF_STAGES = ("n_stages", "stem_", "stage")


class NetworkSpace:
    """Draws, changes and describes architectures of a search space.

    Args:
        space: The search space.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        numbers = {name for name in space.searched if _is_ordered(space.choices[name])}
        self._words = [name for name in space.searched if name not in numbers]
        self._numbers = [name for name in space.searched if name in numbers]

    @property
    def starts(self) -> Sequence[Architecture]:
        """The space's anchors."""
        return self._space.anchors

    def within(self, limits: Bounds) -> Self:
        """Return the space with other bounds."""
        if limits == self._space.bounds:
            return self
        return type(self)(self._space.model_copy(update={"bounds": limits}))

    def key(self, candidate: Architecture) -> str:
        """Return the key of network and recipe."""
        return candidate.key

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture that fits the bounds."""
        return self._space.sample(rng)

    def list_all(self) -> Sequence[Architecture] | None:
        """Return all architectures that fit the bounds, None if there are too many."""
        return self._listed

    @cached_property
    def _listed(self) -> list[Architecture] | None:
        space = self._space
        if count_codes(space.choices) > LISTED_CODES:
            return None
        decoded = (space.decode(values) for values in enumerate_values(space.choices))
        fitting = {one.key: one for one in decoded if space.is_feasible(one)[0]}
        return list(fitting.values())

    def mutate(
        self, candidate: Architecture, n_changes: int, rng: np.random.Generator
    ) -> Architecture | None:
        """Change choices that have an effect; None if the result does not fit.

        A number becomes one of the two nearest allowed ones in half of the cases, any
        other one else.
        """
        values = self._space.encode(candidate)
        names = [name for name in self._space.searched if is_active(name, values)]
        for place in rng.permutation(len(names))[:n_changes]:
            name = names[place]
            values[name] = self._other(name, values[name], rng)
        mutant = self._space.decode(values)
        return mutant if self._space.is_feasible(mutant)[0] else None

    def _other(self, name: str, value: Value, rng: np.random.Generator) -> Value:
        allowed = self._space.choices[name]
        if isinstance(allowed, Range):
            return draw_value(allowed, rng.random())
        others = [other for other in allowed if other != value]
        if name in self._numbers and rng.random() < 0.5:
            others.sort(key=lambda other: abs(float(other) - float(value)))
            others = others[:2]
        return others[int(rng.integers(len(others)))]

    def describe(self, candidate: Architecture) -> Description:
        """Return choices and costs of an architecture as numbers."""
        values = self._space.encode(candidate)
        cost = costs(candidate)
        return Description(
            codes=tuple(self._code(name, values) for name in self._words),
            positions=tuple(self._position(name, values) for name in self._numbers),
            costs=(
                math.log(max(1, cost.macs)),
                math.log(max(1, cost.params)),
                float(cost.depth),
            ),
        )

    def _code(self, name: str, values: Values) -> int:
        allowed = self._space.choices[name]
        if not is_active(name, values) or isinstance(allowed, Range):
            return -1
        return allowed.index(values[name])

    def _position(self, name: str, values: Values) -> float:
        if not is_active(name, values):
            return 0.5
        allowed, value = self._space.choices[name], values[name]
        if isinstance(allowed, Range):
            share = math.log(float(value) / allowed.low)
            return share / math.log(allowed.high / allowed.low)
        return sorted(allowed, key=float).index(value) / (len(allowed) - 1)


def is_active(name: str, values: Values) -> bool:
    """Return whether a choice has an effect on the network of some values.

    Args:
        name: Of the choice, e.g. `stage2_width`.
        values: All values of the network by name.

    >>> values = {"n_stages": 2, "stage1_block": "conv", "backbone": "none"}
    >>> [is_active(n, values) for n in ("stage1_width", "stage3_width",
    ...                                 "stage1_bottleneck_reduction")]
    [True, False, False]
    """
    has_backbone = values.get("backbone", "none") != "none"
    if name.startswith("backbone_"):
        return has_backbone
    if has_backbone and name == "activation":
        return bool(values["head_dense"])
    if has_backbone and name.startswith(_OF_STAGES):
        return False
    return not name.startswith("stage") or _is_active_in_stage(name, values)


def _is_active_in_stage(name: str, values: Values) -> bool:
    stage, _, choice = name.partition("_")
    if int(stage.removeprefix("stage")) > int(values["n_stages"]):
        return False
    block = str(values[f"{stage}_block"])
    return choice in PER_STAGE or choice in {
        f"{block}_{option}" for option in find_block(block).options
    }


def _is_ordered(allowed: Sequence[Value] | Range) -> bool:
    if isinstance(allowed, Range):
        return True
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in allowed)
