"""Draws, cuts and the smallest code of a space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.parameters.search_space import Range
from kedro_nas.space.choices import Choices, Values
from kedro_nas.space.costs import costs
from kedro_nas.space.sampling import (
    can_be_cut,
    count_codes,
    cut_value,
    draw_values,
    enumerate_values,
    find_smallest,
    repair_values,
)

CHOICES: Choices = {
    "n_stages": (1, 2, 3),
    "stage1_width": (8, 16, 32),
    "stage2_width": (8, 16, 32),
    "stage3_width": (8, 16, 32),
    "stage1_attention": ("se", "none"),
    "stage1_stride": (1, 2),
    "learning_rate": Range(low=0.001, high=0.1),
}
SMALL: Choices = {"n_stages": (1, 2), "head_pooling": ("flatten", "average")}
seeds = st.integers(0, 2**31 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def total_width(values: Values) -> float:
    """Return the widths of the stages in use, as a cost to bound."""
    return sum(values[f"stage{i}_width"] for i in range(1, int(values["n_stages"]) + 1))


@given(seeds)
def test_draw_values_are_allowed_and_widths_grow(seed: int) -> None:
    """Each choice has an allowed value; later stages in use are no narrower."""
    values = draw_values(CHOICES, rng(seed))
    widths = [values[f"stage{i}_width"] for i in range(1, int(values["n_stages"]) + 1)]

    assert list(values) == list(CHOICES)
    assert widths == sorted(widths)
    assert 0.001 <= values.pop("learning_rate") <= 0.1
    assert all(value in CHOICES[name] for name, value in values.items())


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_draw_values_take_a_backbone_in_the_share_asked_for(
    share: float, expected: float
) -> None:
    """The share of draws with a pretrained backbone is an option."""
    choices = CHOICES | {"backbone": ("none", "a", "b")}
    random = rng()
    drawn = [draw_values(choices, random, share)["backbone"] for _ in range(400)]

    assert np.mean([name != "none" for name in drawn]) == pytest.approx(
        expected, abs=0.06
    )
    assert {"a", "b"} <= set(drawn) or not share


def test_draw_values_spread_over_all_costs() -> None:
    """A size drawn first keeps draws from crowding at the largest costs."""
    random = rng()
    widths = [total_width(draw_values(CHOICES, random)) for _ in range(500)]
    counts, _ = np.histogram(widths, bins=[8, 24, 48, 97])

    assert min(counts) >= 25


@given(seeds, st.integers(8, 96))
def test_repair_values_fit_and_stay_among_the_choices(seed: int, bound: int) -> None:
    """Every bound that one stage of the least width meets can be met."""
    random = rng(seed)
    drawn = draw_values(CHOICES, random)
    repaired = repair_values(
        CHOICES, drawn, random, lambda values: max(0.0, total_width(values) - bound)
    )

    assert repaired is not None
    assert total_width(repaired) <= bound
    assert repaired["learning_rate"] == drawn["learning_rate"]
    if total_width(drawn) <= bound:
        assert repaired == drawn


def test_repair_values_that_cannot_be_met_are_none() -> None:
    """What no cut can make fit is drawn anew."""
    assert (
        repair_values(CHOICES, draw_values(CHOICES, rng()), rng(), lambda _: 1) is None
    )


def test_repair_values_undo_cuts_that_do_not_help() -> None:
    """A choice without influence on the cost keeps its value."""
    values = draw_values(CHOICES, rng()) | {
        "n_stages": 1,
        "stage1_width": 32,
        "stage1_attention": "se",
        "stage1_stride": 1,
    }
    repaired = repair_values(
        CHOICES, values, rng(), lambda values: max(0, values["stage1_width"] - 8)
    )

    assert repaired == values | {"stage1_width": 8}


def test_repair_values_keep_the_backbone_as_long_as_possible() -> None:
    """A pretrained body goes only when nothing else is left to cut."""
    choices = {"backbone": ("none", "a"), "head_dense": (0, 64)}
    drawn = {"backbone": "a", "head_dense": 64}
    dense = repair_values(choices, drawn, rng(), lambda values: values["head_dense"])
    body = repair_values(
        choices, drawn, rng(), lambda values: float(values["backbone"] != "none")
    )

    assert dense == {"backbone": "a", "head_dense": 0}
    assert body is not None
    assert body["backbone"] == "none"


@pytest.mark.parametrize(
    ("name", "allowed", "value", "cheaper"),
    [
        ("stage2_width", (8, 16, 32), 32, 16),
        ("stage2_width", (8, 16, 32), 8, None),
        ("stage1_stride", (1, 2), 1, 2),
        ("stage1_bottleneck_reduction", (2, 4), 2, 4),
        ("stage1_convnext_expansion", (2, 4), 4, 2),
        ("stage1_attention", ("se", "none"), "se", "none"),
        ("stage1_attention", ("se", "cbam"), "se", None),
        ("head_pooling", ("flatten", "average"), "flatten", "average"),
        ("backbone", ("none", "a"), "none", None),
    ],
)
def test_cut_value_is_the_next_cheaper(name, allowed, value, cheaper) -> None:
    """One step towards less work, or none."""
    assert can_be_cut(name)
    assert cut_value(name, allowed, value) == cheaper


@pytest.mark.parametrize("name", ["stage1_block", "activation", "learning_rate"])
def test_can_be_cut_leaves_out_what_has_no_cheaper_direction(name: str) -> None:
    """A block or a rate is not cheaper by its order."""
    assert not can_be_cut(name)


def test_enumerate_values_yields_every_code_once() -> None:
    """A small space can be listed whole."""
    codes = [tuple(values.values()) for values in enumerate_values(SMALL)]

    assert len(codes) == len(set(codes)) == count_codes(SMALL) == 4


def test_enumerate_values_takes_64_steps_of_a_range() -> None:
    """A range is listed by two-digit numbers on its logarithmic scale."""
    rates = [v["rate"] for v in enumerate_values({"rate": Range(low=1e-4, high=1.0)})]

    assert len(rates) == len(set(rates)) == 64
    assert (rates[0], max(rates) < 1.0) == (1e-4, True)


def test_find_smallest_fits_where_anything_does(make_space) -> None:
    """No draw of the space has fewer parameters than the smallest that fits."""
    space = make_space((16, 16, 3), preset="cpu")
    smallest = find_smallest(space.choices, space.decode, space.excess_of)
    random = rng()
    drawn = [space.decode(draw_values(space.choices, random)) for _ in range(50)]

    assert space.is_feasible(smallest) == (True, "")
    assert smallest == space.stand_in
    assert space.smallest is not None
    assert all(
        space.smallest.params <= costs(one).params
        for one in drawn
        if space.is_feasible(one)[0]
    )
