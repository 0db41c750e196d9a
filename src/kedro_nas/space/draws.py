"""Random draws of networks with the structure that works.

Evenly drawn choices give networks that no designer would: a last stage of 48 or 64
channels, a receptive field smaller than the image in a third of them, two in five over
the bound of multiply-adds. Here a budget is drawn first, then the sizes of the maps and
a law of widths, and the widths are scaled to the budget.

Source: Radosavovic et al. (2020), https://arxiv.org/abs/2003.13678 (RegNet): widths
that grow geometrically with depth, found in populations of networks of equal cost.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from kedro_nas.space.anchors import n_stages_for, stem_stride_for
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.choices import Choices, Values
from kedro_nas.space.cost_estimates import estimate_costs
from kedro_nas.space.encoding import read_stages, read_stem
from kedro_nas.space.formulas import strided
from kedro_nas.space.receptive_field import field_of_stages
from kedro_nas.space.registry import Value
from kedro_nas.space.sampling import cut_value, draw_values

# one draw in twenty has no plan, so that every combination of values can be drawn
UNPLANNED = 0.05
# sides of the last map: that of the proven networks three times, others of 4 to 8
# pixels twice as often as the rest
_LAST_SIDES = (4, 8)
_OF_PROVEN, _OF_LAST_SIDES = 3, 2
_ONE_STEP = 1.3  # halvings, with room for maps whose side is rounded up
_GROWTH = (1.5, 2.5)  # of widths from stage to stage; RegNet's best are in it
# Of the largest budget over the smallest. With 10, the median last width at 28 and 32
# pixels was 48 to 96, with 4 64 to 96; candidate 0 has 128.
_RANGE = 4
_NEAR_BUDGET = 1.15  # widths are the nearest to the budget, not only those below it
_AROUND_PROVEN = (-0.5, 0.5)  # doublings of the last width that is aimed at
_STEPS_PER_DOUBLING = 4  # of the widths that are tried

Draw = dict[str, Any]


@dataclass(frozen=True)
class DrawTarget:
    """What draws are made for.

    Attributes:
        image_shape: Height, width, channels.
        n_classes: Number of classes.
        bounds: Largest allowed costs.
        smallest_macs: Multiply-adds of the cheapest network.
        proven_macs: Multiply-adds of the proven network, candidate 0.
        proven_width: Channels of its last stage.
    """

    image_shape: tuple[int, int, int]
    n_classes: int
    bounds: Bounds
    smallest_macs: int
    proven_macs: int
    proven_width: int

    @property
    def budgets(self) -> tuple[float, float]:
        """Return the smallest and the largest budget of multiply-adds.

        A quarter of the bound to the bound; without a bound, the cost of the cheapest
        network to four times that of the proven one.
        """
        largest = self.bounds.max_macs
        if largest is None:
            return self.smallest_macs, max(self.smallest_macs, 4 * self.proven_macs)
        return min(max(self.smallest_macs, largest / _RANGE), largest), largest

    def within(self, budget: float) -> Bounds:
        """Return the bounds with a budget of multiply-adds, which may be exceeded."""
        limit = self.bounds.max_macs or math.inf
        macs = round(min(limit, budget * _NEAR_BUDGET))
        return self.bounds.model_copy(update={"max_macs": macs})

    def width_at(self, macs: float) -> float:
        """Return the last width of the proven network, scaled to other costs."""
        return self.proven_width * math.sqrt(macs / self.proven_macs)


def draw_network(
    choices: Choices,
    rng: np.random.Generator,
    target: DrawTarget,
    backbone_share: float = 0.25,
) -> dict[str, Value]:
    """Draw a budget, maps, blocks and recipe, then widths that cost the budget.

    The budget is drawn evenly on a logarithmic scale, blocks and recipe evenly from
    the choices; depths and kernels too, but they are raised where the receptive field
    is smaller than the image, and reduced where widths would be less than 0.7 times
    those of the proven network, scaled to the budget. One draw in twenty, and those
    with a pretrained backbone, are left as `draw_values` gives them.

    Args:
        choices: The space's choices.
        rng: Random generator.
        target: Images, bounds and budgets.
        backbone_share: Fraction of draws with a pretrained backbone, if the space has
            any.
    """
    values: Draw = dict(draw_values(choices, rng, backbone_share))
    if values.get("backbone", "none") != "none" or rng.random() < UNPLANNED:
        return values
    low, high = target.budgets
    budget = low * (high / low) ** rng.random()
    values |= plan_maps(choices, target.image_shape, rng)
    side = max(target.image_shape[:2])
    values |= widen_field(choices, values, side)
    within = target.within(budget)

    def is_over(trial: Values) -> bool:
        costs = estimate_costs(trial, target.image_shape, target.n_classes)
        return within.are_exceeded(costs)

    least, most = _GROWTH
    growth = least * (most / least) ** rng.random()
    law = WidthLaw(choices, values["n_stages"], growth, growth ** -rng.random())
    wide = target.width_at(budget) * 2 ** rng.uniform(*_AROUND_PROVEN)
    wanted = law.widths(law.step_for(wide))
    kept = make_room(choices, values | wanted, side, is_over)
    return scale_widths(law, kept, is_over)


def plan_maps(
    choices: Choices, image_shape: tuple[int, int, int], rng: np.random.Generator
) -> dict[str, Value]:
    """Draw the number of stages and all strides.

    The last map is that of the proven networks, or one halving larger or smaller; sides
    of 4 to 8 pixels are drawn more often. Where the choices allow none of these, it is
    as close as they allow.

    Args:
        choices: The space's choices.
        image_shape: Height, width, channels.
        rng: Random generator.

    Returns:
        Values of `n_stages`, `stem_stride` and the stride of each stage.
    """
    n_stages_allowed = _listed(choices, "n_stages")
    plans = _map_plans(
        image_shape,
        _listed(choices, "stem_stride"),
        n_stages_allowed,
        tuple(
            _listed(choices, f"stage{number + 1}_stride")
            for number in range(max(n_stages_allowed))
        ),
    )
    ending = plans.of_last_side[bisect_right(plans.shares_below, rng.random())]
    stem, n_stages, halvings = ending[int(rng.integers(len(ending)))]
    return {
        "n_stages": n_stages,
        "stem_stride": stem,
        **_place_strides(choices, n_stages, halvings, rng),
    }


class _MapPlans(NamedTuple):
    """Plans by the side of the last map they give, and how often each side is drawn.

    A plan is the stride of the stem, the number of stages and how many of them halve.
    """

    of_last_side: list[list[tuple[int, int, int]]]
    shares_below: list[float]  # summed up to each side, which ends with 1


@lru_cache(maxsize=256)
def _map_plans(
    image_shape: tuple[int, int, int],
    stem_strides: tuple[int, ...],
    stages_allowed: tuple[int, ...],
    stage_strides: tuple[tuple[int, ...], ...],
) -> _MapPlans:
    side = max(image_shape[:2])
    proven = strided(side, stem_stride_for(image_shape) << n_stages_for(image_shape))
    plans: dict[int, list[tuple[int, int, int]]] = {}
    for stem in stem_strides:
        for n_stages in stages_allowed:
            strides = stage_strides[:n_stages]
            fewest = sum(1 not in allowed for allowed in strides)
            most = sum(2 in allowed for allowed in strides)
            for halvings in range(fewest, most + 1):
                last = strided(side, stem << halvings)
                plans.setdefault(last, []).append((stem, n_stages, halvings))

    def distance(last: int) -> float:
        return abs(math.log2(last / proven))

    near = [last for last in plans if distance(last) <= _ONE_STEP]
    near = near or [min(plans, key=distance)]
    smallest, largest = _LAST_SIDES
    weights = [
        _OF_PROVEN
        if last == proven
        else _OF_LAST_SIDES
        if smallest <= last <= largest
        else 1
        for last in near
    ]
    shares_below = np.cumsum(np.divide(weights, sum(weights)))
    shares_below /= shares_below[-1]
    return _MapPlans([plans[last] for last in near], shares_below.tolist())


def _place_strides(
    choices: Choices, n_stages: int, halvings: int, rng: np.random.Generator
) -> dict[str, Value]:
    """Choose which stages halve the map: those that have to, then rather early ones.

    A map that is halved late leaves narrow stages within a budget.
    """
    names = [f"stage{number + 1}_stride" for number in range(n_stages)]
    late = {name: rng.random() * (index + 1) for index, name in enumerate(names)}
    names.sort(
        key=lambda name: (1 in choices[name], 2 not in choices[name], late[name])
    )
    return {name: 2 if index < halvings else 1 for index, name in enumerate(names)}


def widen_field(choices: Choices, values: Values, side: int) -> dict[str, Value]:
    """Raise depths and kernels until the receptive field covers the image.

    From the last stage on, where a layer widens the field most and costs least, and
    depths first: two kernels of 3 after a stride see more than one of 5 and cost less.

    Args:
        choices: The space's choices.
        values: A value for every choice.
        side: The longer side of the images in pixels.

    Returns:
        The values, changed until the field is wide enough or nothing can be raised.
    """
    wider: Draw = dict(values)
    for number in range(wider["n_stages"], 0, -1):
        for word in ("depth", "kernel_size"):
            name = f"stage{number}_{word}"
            larger = sorted(v for v in _listed(choices, name) if v > wider[name])
            for value in larger:
                if _field(wider) >= side:
                    return wider
                wider[name] = value
    return wider


def _field(values: Draw) -> float:
    return field_of_stages(read_stem(values), read_stages(values))


@dataclass(frozen=True)
class WidthLaw:
    """Widths of stem and stages, which grow geometrically.

    Stage i has the allowed width nearest to `first * growth ** i`, and never a smaller
    one than the stage before.

    Attributes:
        choices: The space's choices.
        n_stages: Number of stages.
        growth: Ratio of the widths of consecutive stages, above 1.
        thinner: Width of the stem over that of the first stage.
    """

    choices: Choices
    n_stages: int
    growth: float
    thinner: float

    def widths(self, step: int) -> dict[str, Value]:
        """Return the widths of one step; they grow with it from the narrowest."""
        first = self._smallest * 2 ** (step / _STEPS_PER_DOUBLING)
        found = {"stem_width": _nearest(self._stem_widths, first * self.thinner)}
        before = 0
        for index, (name, allowed) in enumerate(self._stage_widths.items()):
            wanted = max(before, first * self.growth**index)
            found[name] = before = _nearest(allowed, wanted, before)
        return found

    def step_for(self, last_width: float) -> int:
        """Return the step whose last stage has about a width."""
        first = last_width / self.growth ** (self.n_stages - 1)
        return max(0, round(_STEPS_PER_DOUBLING * math.log2(first / self._smallest)))

    @property
    def n_steps(self) -> int:
        """Number of steps up to the one at which all widths are the largest."""
        stem = self._stem_widths[-1] / self.thinner
        first = max(stem, *(allowed[-1] for allowed in self._stage_widths.values()))
        return 2 + math.ceil(_STEPS_PER_DOUBLING * math.log2(first / self._smallest))

    @cached_property
    def _stem_widths(self) -> list[Any]:
        return sorted(_listed(self.choices, "stem_width"))

    @cached_property
    def _stage_widths(self) -> dict[str, list[Any]]:
        names = [f"stage{number + 1}_width" for number in range(self.n_stages)]
        return {name: sorted(_listed(self.choices, name)) for name in names}

    @cached_property
    def _smallest(self) -> float:
        """Return the first width with which all widths are the smallest."""
        narrowest: float = self._stage_widths["stage1_width"][0]
        return narrowest / float(self.growth ** (self.n_stages - 1))


def scale_widths(
    law: WidthLaw, values: Values, is_over: Callable[[Values], bool]
) -> dict[str, Value]:
    """Return values with the largest widths of a law that are not over a budget.

    Args:
        law: The widths to choose from.
        values: A value for every choice.
        is_over: Returns whether values cost more than the budget.
    """
    fits, over = 0, law.n_steps
    while over - fits > 1:
        middle = (fits + over) // 2
        if is_over({**values, **law.widths(middle)}):
            over = middle
        else:
            fits = middle
    return {**values, **law.widths(fits)}


def make_room(
    choices: Choices,
    values: Values,
    side: int,
    is_over: Callable[[Values], bool],
) -> dict[str, Value]:
    """Reduce depths and kernels until a network is not over its budget.

    From the first stage on, where they cost most and widen the receptive field least. A
    field that covers the image is kept.

    Args:
        choices: The space's choices.
        values: A value for every choice.
        side: The longer side of the images in pixels.
        is_over: Returns whether values cost more than the budget.
    """
    current: Draw = dict(values)
    least = min(side, _field(current))
    still_over = is_over(current)
    for number in range(1, current["n_stages"] + 1):
        for word in ("kernel_size", "depth"):
            name = f"stage{number}_{word}"
            while still_over:
                cheaper = cut_value(name, choices[name], current[name])
                if cheaper is None or _field(current | {name: cheaper}) < least:
                    break
                current[name] = cheaper
                still_over = is_over(current)
    return current


def _nearest(allowed: Sequence[Any], wanted: float, at_least: float = 0) -> Any:
    """Return the value of the nearest ratio to a wanted one, not below another.

    Args:
        allowed: In ascending order.
        wanted: Not below `at_least`.
        at_least: Smaller values are left out, unless there are no others.
    """
    place = bisect_left(allowed, wanted)
    if place == len(allowed):
        return allowed[-1]
    larger = allowed[place]
    if not place or allowed[place - 1] < at_least:
        return larger
    smaller = allowed[place - 1]
    return smaller if wanted / smaller <= larger / wanted else larger


def _listed(choices: Choices, name: str) -> tuple[Any, ...]:
    allowed = choices[name]
    return allowed if isinstance(allowed, tuple) else (allowed.low,)
