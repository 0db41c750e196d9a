"""Drawn networks have the structure that works, and nothing allowed is out of reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_nas.parameters.search_space import Range
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import Values
from kedro_nas.space.costs import costs, stage_shapes
from kedro_nas.space.draws import (
    WidthLaw,
    _nearest,
    make_room,
    plan_maps,
    scale_widths,
    widen_field,
)
from kedro_nas.space.receptive_field import receptive_field
from kedro_nas.space.search_space import SearchSpace

seeds = st.integers(0, 2**31 - 1)
MakeSpace = Callable[..., SearchSpace]


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def subsets(*values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy of up to three of some values, in their order."""
    chosen = st.sets(st.sampled_from(values), min_size=1, max_size=3)
    return chosen.map(lambda some: tuple(v for v in values if v in some))


@pytest.fixture(scope="module")
def drawn(make_space: MakeSpace) -> list[Architecture]:
    """Return 300 networks of the preset cpu for 28x28x1 images."""
    random = rng()
    space = make_space(preset="cpu")
    return [space.sample(random) for _ in range(300)]


@settings(max_examples=8, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "n_stages": subsets(1, 2, 3, 4),
            "width": subsets(8, 24, 48, 96, 256),
            "depth": subsets(1, 2, 3),
            "kernel_size": subsets(3, 5, 7),
            "stride": subsets(1, 2),
            "stem_width": subsets(8, 32, 128),
            "stem_stride": subsets(1, 2, 4),
            "blocks": subsets("conv", "residual", "separable"),
            "attention": subsets("none", "se", "eca"),
            "pooling": subsets("average", "flatten"),
        }
    ),
    st.sampled_from([(28, 28, 1), (9, 40, 3)]),
)
def test_draw_every_allowed_value_and_no_other(make_space, options, shape) -> None:
    """Whatever the choices, each allowed value keeps a chance to be drawn."""
    space = make_space(
        shape, max_params="none", max_macs="none", max_depth="none", **options
    )
    random = rng()
    unseen = {
        (name, value)
        for name, allowed in space.choices.items()
        if not isinstance(allowed, Range)
        for value in allowed
    }

    # the widest first stage comes from draws without a plan, a few in a thousand
    for _ in range(20_000):
        draw = space.draw(random)
        unseen -= set(draw.items())
        for name, allowed in space.choices.items():
            if isinstance(allowed, Range):
                assert allowed.low <= draw[name] <= allowed.high
            else:
                assert draw[name] in allowed
        if not unseen:
            break
    assert not unseen


@pytest.mark.parametrize("preset", ["cpu", "default", "mobile", "tiny", "accuracy"])
def test_draw_widths_never_shrink(make_space, preset: str) -> None:
    """A later stage is no narrower than the one before."""
    space = make_space((32, 32, 3), preset=preset)
    random = rng()
    for _ in range(100):
        values = space.draw(random)
        widths = [
            values[f"stage{i}_width"] for i in range(1, int(values["n_stages"]) + 1)
        ]

        assert widths == sorted(widths)


def test_draw_depends_on_the_generator_alone(make_space) -> None:
    """A seed gives the same draws, whatever was drawn before."""
    space = make_space()
    first, again = ([space.draw(random) for _ in range(9)] for random in (rng(), rng()))

    assert first == again


@pytest.mark.parametrize(
    ("preset", "digest"),
    [
        ("accuracy", "e925675f841d"),
        ("cpu", "6e3a968f0081"),
        ("default", "f478f348fb19"),
        ("mobile", "45666bc701c3"),
        ("tiny", "494de5a4ec42"),
    ],
)
def test_sample_of_a_seed_stays_as_it_was(make_space, preset: str, digest: str) -> None:
    """Two hundred draws of a seed are those of the version that wrote this digest."""
    space = make_space((32, 32, 3), preset=preset)
    random = rng()
    keys = "".join(space.sample(random).key for _ in range(200))

    assert hashlib.sha256(keys.encode()).hexdigest()[:12] == digest


def test_sample_sees_the_whole_image_with_wide_last_stages(drawn) -> None:
    """Few fields are smaller than the image, and the median last width is not small."""
    fields = [receptive_field(one) for one in drawn]

    assert np.mean([field < 28 for field in fields]) < 0.06
    assert np.median([one.stages[-1].width for one in drawn]) >= 96


def test_sample_ends_with_maps_of_a_few_pixels(drawn) -> None:
    """The last map is that of candidate 0, or one halving larger or smaller."""
    sides = [stage_shapes(one)[-1][0] for one in drawn]

    assert np.mean([side in (2, 4, 7) for side in sides]) > 0.95
    assert {2, 4, 7} <= set(sides)


def test_draw_spreads_over_the_budgets(make_space) -> None:
    """Costs cover the range from a quarter of the bound to the bound."""
    space = make_space(preset="cpu")
    random = rng()
    macs = np.array([costs(space.decode(space.draw(random))).macs for _ in range(300)])
    shares, _ = np.histogram(
        macs / space.bounds.max_macs, bins=[0, 0.2, 0.35, 0.5, 0.71, 1.0, 99]
    )

    assert min(shares[1:5]) > 30
    assert shares[0] < 30
    assert shares[5] < 30


def test_draw_without_a_bound_reaches_four_times_candidate_0(make_space) -> None:
    """Without a bound of multiply-adds, candidate 0 says what is much."""
    space = make_space(preset="cpu", max_macs="none", max_params="none")
    random = rng()
    proven = costs(space.anchors[0]).macs
    macs = [costs(space.decode(space.draw(random))).macs for _ in range(200)]

    assert np.quantile(macs, 0.9) > 2 * proven
    assert np.quantile(macs, 0.8) < 5 * proven


def test_draw_follows_a_measured_bound(make_space) -> None:
    """A search that replaces the bound gets networks of the size it affords."""
    space = make_space(preset="cpu", max_params="none")
    raised = space.model_copy(update={"bounds": space.bounds.measured(80e6)})
    random = rng()
    macs = [costs(raised.decode(raised.draw(random))).macs for _ in range(200)]

    assert np.median(macs) > 25e6


@given(seeds)
def test_plan_maps_never_leave_the_choices(seed: int) -> None:
    """Where no plan ends at the right size, the closest is taken."""
    choices = {
        "stem_stride": (1,),
        "n_stages": (2, 3),
        "stage1_stride": (1, 2),
        "stage2_stride": (1,),
        "stage3_stride": (2,),
    }
    plan = plan_maps(choices, (224, 224, 3), rng(seed))

    assert plan == {
        "stem_stride": 1,
        "n_stages": 3,
        "stage1_stride": 2,
        "stage2_stride": 1,
        "stage3_stride": 2,
    }


def test_plan_maps_draws_the_proven_side_most_often(space) -> None:
    """Of 28 pixels 4 are left in most plans, and each plan keeps its share."""
    random = rng()
    sides = []
    for _ in range(600):
        plan = plan_maps(space.choices, (28, 28, 1), random)
        strides = [v for name, v in plan.items() if name.endswith("_stride")]
        sides.append(-(-28 // int(np.prod(strides))))
    shares = {side: sides.count(side) / 600 for side in set(sides)}

    assert shares == pytest.approx({4: 1 / 2, 7: 1 / 3, 2: 1 / 6}, abs=0.07)


@given(
    st.sets(st.integers(1, 300), min_size=1).map(sorted),
    st.floats(1, 400),
    st.floats(0, 1),
)
def test_nearest_has_the_smallest_ratio(allowed, wanted, share) -> None:
    """No other value that is allowed is nearer, and none is below the limit."""
    at_least = share * wanted
    found = _nearest(allowed, wanted, at_least)
    candidates = [value for value in allowed if value >= at_least] or allowed

    assert found == min(candidates, key=lambda v: max(v, wanted) / min(v, wanted))


def test_widen_field_starts_with_the_last_depth(space) -> None:
    """Only as much is raised as the image asks for."""
    values: Values = space.encode(space.anchors[0])
    wider = widen_field(space.choices, values, 28)

    assert receptive_field(space.anchors[0]) == 19
    assert wider == {**values, "stage3_depth": 2}
    assert widen_field(space.choices, wider, 28) == wider


def test_make_room_keeps_the_field(space) -> None:
    """Kernels and depths go where the field can spare them, from the first stage on."""
    values: Values = {
        **space.encode(space.anchors[0]),
        "stage1_kernel_size": 5,
        "stage1_depth": 2,
        "stage3_depth": 2,
    }
    less = make_room(space.choices, values, 28, lambda _: True)

    assert less == {**values, "stage1_kernel_size": 3, "stage1_depth": 1}
    assert make_room(space.choices, values, 28, lambda _: False) == values


@given(st.floats(1.5, 2.5), st.floats(0.4, 1), st.integers(0, 4_000))
def test_scale_widths_are_the_largest_that_fit(growth, thinner, budget) -> None:
    """The next step of the law would exceed the budget."""
    widths = (8, 16, 32, 64, 128)
    choices = {"stem_width": widths} | {f"stage{i}_width": widths for i in (1, 2, 3)}
    law = WidthLaw(choices, 3, growth, thinner)

    def is_over(values: Values) -> bool:
        return sum(int(v) for v in values.values()) > budget

    found = scale_widths(law, {}, is_over)
    wider = [law.widths(step) for step in range(law.n_steps)]

    assert found in wider
    assert not is_over(found) or found == law.widths(0)
    assert all(
        is_over(other) for other in wider if sum(other.values()) > sum(found.values())
    )
    assert set(law.widths(law.n_steps).values()) == {128}
