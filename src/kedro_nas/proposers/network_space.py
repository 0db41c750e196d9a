"""The search space of networks as proposers see it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache

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
        self._parent: tuple[str, dict[str, Value]] | None = None
        self._places = {
            name: {value: place for place, value in enumerate(_listed(allowed))}
            for name, allowed in space.choices.items()
        }

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
        values = dict(self._encode(candidate))
        active = active_names(values)
        names = [name for name in self._space.searched if name in active]
        for place in rng.permutation(len(names))[:n_changes]:
            name = names[place]
            values[name] = self._other(name, values[name], rng)
        mutant = self._space.decode(values)
        return mutant if self._space.is_feasible(mutant)[0] else None

    def _encode(self, parent: Architecture) -> dict[str, Value]:
        """Encode a network once for all mutations of it that are made in a row."""
        if self._parent is None or self._parent[0] != parent.key:
            self._parent = parent.key, self._space.encode(parent)
        return self._parent[1]

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
        active = active_names(values)
        cost = costs(candidate)
        return Description(
            codes=tuple(
                self._places[name][values[name]] if name in active else -1
                for name in self._words
            ),
            positions=tuple(
                self._position(name, values[name]) if name in active else 0.5
                for name in self._numbers
            ),
            costs=(
                math.log(max(1, cost.macs)),
                math.log(max(1, cost.params)),
                float(cost.depth),
            ),
        )

    def _position(self, name: str, value: Value) -> float:
        allowed = self._space.choices[name]
        if isinstance(allowed, Range):
            share = math.log(float(value) / allowed.low)
            return share / math.log(allowed.high / allowed.low)
        return self._places[name][value] / (len(allowed) - 1)


def active_names(values: Values) -> frozenset[str]:
    """Return the choices that have an effect on the network of some values.

    Args:
        values: All values of the network by name.

    >>> values = {"n_stages": 1, "stage1_block": "conv", "stage1_width": 32,
    ...           "stage1_bottleneck_reduction": 4, "stage2_width": 64}
    >>> sorted(active_names(values))
    ['n_stages', 'stage1_block', 'stage1_width']
    """
    has_backbone = values.get("backbone", "none") != "none"
    n_stages = int(values["n_stages"])
    blocks = tuple(str(values[f"stage{i + 1}_block"]) for i in range(n_stages))
    has_activation = not has_backbone or bool(values["head_dense"])
    return _active(tuple(values), () if has_backbone else blocks, has_activation)


@lru_cache(maxsize=4_096)
def _active(
    names: tuple[str, ...], blocks: tuple[str, ...], has_activation: bool
) -> frozenset[str]:
    """Select active names.

    Args:
        names: Of all choices.
        blocks: Of the stages; empty for a pretrained backbone.
        has_activation: Whether the activation is used.
    """
    of_stages = {
        f"stage{number}_{choice}"
        for number, block in enumerate(blocks, start=1)
        for choice in (
            *PER_STAGE,
            *(f"{block}_{option}" for option in find_block(block).options),
        )
    }

    def is_active(name: str) -> bool:
        if name == "activation":
            return has_activation
        if name.startswith("backbone_"):
            return not blocks
        if name.startswith(("n_stages", "stem_")):
            return bool(blocks)
        return not name.startswith("stage") or name in of_stages

    return frozenset(name for name in names if is_active(name))


def _is_ordered(allowed: Sequence[Value] | Range) -> bool:
    if isinstance(allowed, Range):
        return True
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in allowed)


def _listed(allowed: Sequence[Value] | Range) -> Sequence[Value]:
    """Return the values of a choice in the order of their positions or codes."""
    if isinstance(allowed, Range):
        return ()
    return sorted(allowed, key=float) if _is_ordered(allowed) else allowed
