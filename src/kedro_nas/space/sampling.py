"""Draws that fit: at random, repaired by small cuts, redrawn when that fails."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from kedro_nas.parameters.search_space import Range
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import Choices, Values, count_values, draw_value
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import Value

# Which way a choice gets cheaper: -1 towards smaller values, 1 towards larger.
_CHEAPER = {
    "n_stages": -1,
    "width": -1,
    "depth": -1,
    "kernel_size": -1,
    "stride": 1,
    "expansion": -1,
    "reduction": 1,
    "dense": -1,
    "kept": -1,
    "unfrozen": -1,
    "reinitialised": -1,
    "input_size": -1,
}
# A word that is cheaper than the others of its choice.
_CHEAPEST_WORD = {"pooling": "average", "attention": "none", "backbone": "none"}
_SIZED = frozenset({"width", "depth"})
_SMALLEST_SIZE = 0.3
_CUTS = 80

Excess = Callable[[Values], float]


def draw_values(
    choices: Choices, rng: np.random.Generator, backbone_share: float = 0.25
) -> dict[str, Value]:
    """Draw a size, then every choice; widths grow from stage to stage.

    The size, drawn first, caps widths and depths, so that draws spread over all
    costs instead of crowding at the bounds. Growing widths, because cheap late maps
    can afford the channels: of 13 nets timed, those learned most per second.
    Decreasing ones stay reachable by mutation.

    Args:
        choices: The space's choices.
        rng: Where chance comes from.
        backbone_share: Share of draws that start from a pretrained backbone, in a
            space that has any.
    """
    shares = rng.random(len(choices))
    size = max(_SMALLEST_SIZE, rng.random())
    for index, name in enumerate(choices):
        if _word(name) in _SIZED:
            shares[index] *= size
    values: dict[str, Any] = {  # numbers where widths are sorted
        name: draw_value(allowed, share)
        for (name, allowed), share in zip(choices.items(), shares, strict=True)
    }
    if "backbone" in choices and rng.random() >= backbone_share:
        values["backbone"] = "none"
    elif "backbone" in choices:
        networks = _values(choices["backbone"])[1:]
        values["backbone"] = networks[int(rng.integers(len(networks)))]
    names = [f"stage{i}_width" for i in range(1, int(values["n_stages"]) + 1)]
    widths = sorted(values[name] for name in names)
    return values | dict(zip(names, widths, strict=True))


def repair_values(
    choices: Choices,
    values: Values,
    rng: np.random.Generator,
    excess: Excess,
) -> dict[str, Value] | None:
    """Cut a draw down, one choice at a time in random order, until it fits.

    Args:
        choices: The space's choices.
        values: A draw that exceeds a bound.
        rng: Decides which choice is cut next.
        excess: 0 for values that fit, else how far they are off; cuts that do not
            lower it are undone.

    Returns:
        Values that fit, or None after 80 cuts or when nothing can be cut.
    """
    current = dict(values)
    off = excess(current)
    names = list(choices)
    rng.shuffle(names)
    pending = [name for name in names if can_be_cut(name)]
    pending.sort(key=_last_resort, reverse=True)
    for _ in range(_CUTS):
        if off == 0:
            return current
        if not pending:
            return None
        name = pending.pop()
        cheaper = cut_value(name, choices[name], current[name])
        if cheaper is None:
            continue
        trial = current | {name: cheaper}
        trial_off = excess(trial)
        if trial_off < off:
            current, off = trial, trial_off
            # Once more later: a little from everywhere keeps a draw's character.
            later = sum(map(_last_resort, pending))
            pending.insert(later, name)
    return current if off == 0 else None


def _last_resort(name: str) -> bool:
    """Return whether a choice is only reduced when no other reduction is left."""
    return name == "backbone"


def can_be_cut(name: str) -> bool:
    """Return whether a choice has a cheaper direction."""
    return _word(name) in _CHEAPER or _word(name) in _CHEAPEST_WORD


def cut_value(name: str, allowed: Any, value: Value) -> Value | None:
    """Return the next cheaper allowed value of a choice, None when there is none."""
    word = _word(name)
    if word in _CHEAPEST_WORD:
        cheapest = _CHEAPEST_WORD[word]
        return cheapest if cheapest in allowed and value != cheapest else None
    sign = _CHEAPER[word]
    cheaper = [other for other in allowed if (other - value) * sign > 0]
    return min(cheaper, key=lambda other: abs(other - value), default=None)


def enumerate_values(choices: Choices) -> Iterator[dict[str, Value]]:
    """Yield all codes of a small space, in a fixed order."""
    names = list(choices)
    sizes = [len(_values(choices[name])) for name in names]
    for index in range(math.prod(sizes)):
        positions = np.unravel_index(index, sizes)
        yield {
            name: _values(choices[name])[position]
            for name, position in zip(names, positions, strict=True)
        }


def count_codes(choices: Choices) -> float:
    """Count the codes of a space, those that repeat a network included."""
    return math.prod(count_values(allowed) for allowed in choices.values())


def find_smallest(
    choices: Choices,
    decode: Callable[[Values], Architecture],
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


def _cheap_codes(choices: Choices) -> Iterator[dict[str, Value]]:
    base: dict[str, Any] = {}
    for name, allowed in choices.items():
        value: Any = allowed[0] if isinstance(allowed, tuple) else allowed.low
        while can_be_cut(name) and (cut := cut_value(name, allowed, value)) is not None:
            value = cut
        base[name] = value
    # All stages have the same choices, so those of the first stand for them.
    varied = ("block", "attention", "stride")
    stages = range(1, max(_listed(choices, "n_stages")) + 1)
    per_stage = [_listed(choices, f"stage1_{word}") for word in varied]
    for pooling in _listed(choices, "head_pooling"):
        for combination in itertools.product(*per_stage):
            code = base | {"head_pooling": pooling}
            for number in stages:
                for word, value in zip(varied, combination, strict=True):
                    code[f"stage{number}_{word}"] = value
            yield code


def _listed(choices: Choices, name: str) -> tuple[Any, ...]:
    allowed = choices[name]
    return allowed if isinstance(allowed, tuple) else (allowed.low,)


def _values(allowed: Any) -> tuple[Value, ...]:
    if isinstance(allowed, Range):
        steps = 64
        return tuple(
            dict.fromkeys(draw_value(allowed, step / steps) for step in range(steps))
        )
    return tuple(allowed)


@lru_cache(maxsize=4_096)
def _word(name: str) -> str:
    for word in (*_CHEAPER, *_CHEAPEST_WORD):
        if name.endswith(word):
            return word
    return ""
