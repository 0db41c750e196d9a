"""Random draws from the choices, repairs of draws over a bound, and listing of all."""

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

# direction in which a choice gets cheaper: -1 smaller values, 1 larger values
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
# the cheapest name of a choice
_CHEAPEST_WORD = {"pooling": "average", "attention": "none", "backbone": "none"}
_SIZED = frozenset({"width", "depth"})
_SMALLEST_SIZE = 0.3
_CUTS = 80

Excess = Callable[[Values], float]


def draw_values(
    choices: Choices, rng: np.random.Generator, backbone_share: float = 0.25
) -> dict[str, Value]:
    """Draw a size, then all choices; widths do not decrease from stage to stage.

    The size is drawn first and limits widths and depths, so that draws cover all costs
    instead of concentrating at the bounds. Widths increase because channels are cheap
    on small late maps: of 13 networks timed, such networks learned most per second.
    Decreasing widths can still be reached by mutation.

    Args:
        choices: The space's choices.
        rng: Random generator.
        backbone_share: Fraction of draws with a pretrained backbone, if the space has
            any.
    """
    shares = rng.random(len(choices)).tolist()  # numbers of Python are faster
    size = max(_SMALLEST_SIZE, rng.random())
    values: dict[str, Any] = {  # numbers where widths are sorted
        name: draw_value(allowed, share * size if _word(name) in _SIZED else share)
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
    """Reduce a draw, one choice at a time in random order, until it fits.

    Args:
        choices: The space's choices.
        values: A draw that exceeds a bound.
        rng: Random generator for the order of choices.
        excess: Returns 0 for values that fit, otherwise by how much they exceed the
            bounds; reductions that do not lower it are undone.

    Returns:
        Values that fit, or None after 80 steps or if nothing can be reduced.
    """
    current = dict(values)
    off = excess(current)
    names = list(choices)
    rng.shuffle(names)
    if off == 0:
        return current
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
            # reduce all choices once before one is reduced again
            later = sum(map(_last_resort, pending))
            pending.insert(later, name)
    return current if off == 0 else None


def _last_resort(name: str) -> bool:
    """Return whether a choice is only reduced when no other reduction is left."""
    return name == "backbone"


def can_be_cut(name: str) -> bool:
    """Return whether a choice can be reduced."""
    return _word(name) in _CHEAPER or _word(name) in _CHEAPEST_WORD


def cut_value(name: str, allowed: Any, value: Value) -> Value | None:
    """Return the next cheaper allowed value of a choice, None if there is none."""
    word = _word(name)
    if word in _CHEAPEST_WORD:
        cheapest = _CHEAPEST_WORD[word]
        return cheapest if cheapest in allowed and value != cheapest else None
    sign = _CHEAPER[word]
    cheaper = [other for other in allowed if (other - value) * sign > 0]
    return min(cheaper, key=lambda other: abs(other - value), default=None)


def enumerate_values(choices: Choices) -> Iterator[dict[str, Value]]:
    """Yield all codes of a small space in a fixed order."""
    names = list(choices)
    sizes = [len(_values(choices[name])) for name in names]
    for index in range(math.prod(sizes)):
        positions = np.unravel_index(index, sizes)
        yield {
            name: _values(choices[name])[position]
            for name, position in zip(names, positions, strict=True)
        }


def count_codes(choices: Choices) -> float:
    """Return the number of codes of a space; several may stand for one network."""
    return math.prod(count_values(allowed) for allowed in choices.values())


def find_smallest(
    choices: Choices,
    decode: Callable[[Values], Architecture],
    excess: Callable[[Architecture], float],
) -> Architecture:
    """Return the cheapest architecture that fits, or the one closest to fitting.

    Every choice is reduced as far as possible. Block, attention, stride and pooling, of
    which none is always the cheapest, are tried in all combinations, equal for all
    stages.

    Args:
        choices: The space's choices.
        decode: Returns the architecture of values.
        excess: Returns 0 for an architecture that fits, otherwise by how much it
            exceeds the bounds.
    """

    def burden(architecture: Architecture) -> tuple[float, int, int]:
        off = excess(architecture)
        if off:  # costs of what does not fit may be unknown
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
    # all stages have the choices of the first
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
