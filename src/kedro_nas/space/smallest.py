"""The cheapest architecture of a space: whether anything fits at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import Choices
from kedro_nas.space.costs import costs
from kedro_nas.space.sampling import can_be_cut, cut_value


def find_smallest(
    choices: Choices,
    decode: Callable[[Mapping[str, Any]], Architecture],
    excess: Callable[[Architecture], float],
) -> Architecture:
    """Return the architecture that is nearest to fitting, then the cheapest.

    Every choice is cut as far as it goes; what has no cheaper direction by itself
    (block, attention, strides, pooling) is tried in all combinations, the same for
    all stages.

    Args:
        choices: The space's choices.
        decode: Values to architecture.
        excess: 0 for what fits, else how far it is off.
    """

    def burden(architecture: Architecture) -> tuple[float, int, int]:
        off = excess(architecture)
        if off:  # what does not fit may not even be countable
            return off, 0, 0
        cost = costs(architecture)
        return off, cost.params, cost.macs

    return min((decode(values) for values in _cheap_codes(choices)), key=burden)


def _cheap_codes(choices: Choices) -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {}
    for name, allowed in choices.items():
        value: Any = allowed[0] if isinstance(allowed, tuple) else allowed.low
        while can_be_cut(name) and (cut := cut_value(name, allowed, value)) is not None:
            value = cut
        base[name] = value
    # All stages have the same choices, so those of the first stand for them.
    varied = ("block", "attention", "stride")
    stages = range(1, max(_values(choices, "n_stages")) + 1)
    per_stage = [_values(choices, f"stage1_{word}") for word in varied]
    for pooling in _values(choices, "head_pooling"):
        for combination in itertools.product(*per_stage):
            code = base | {"head_pooling": pooling}
            for number in stages:
                for word, value in zip(varied, combination, strict=True):
                    code[f"stage{number}_{word}"] = value
            yield code


def _values(choices: Choices, name: str) -> tuple[Any, ...]:
    allowed = choices[name]
    return allowed if isinstance(allowed, tuple) else (allowed.low,)
