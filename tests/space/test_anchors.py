"""The networks tried first, and the baseline, follow the size of images and data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.space.anchors import (
    anchor_values,
    baseline_architecture,
    n_stages_for,
    proven_code,
    spell_code,
    stem_stride_for,
)
from kedro_nas.space.choices import Range, stem_strides
from kedro_nas.space.costs import costs, stage_shapes

sides = st.integers(1, 600)


@pytest.mark.parametrize("n_images", [200, 8_000, 100_000])
@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 64, 3), (28, 28, 1), (224, 224, 3)])
def test_baseline_grows_with_the_data(shape, n_images):
    """The hand-built net is a small ResNet for every size of image."""
    built = baseline_architecture(shape, 10, n_images)
    larger = baseline_architecture(shape, 10, n_images * 100)

    assert {stage.block for stage in built.stages} == {"residual"}
    assert costs(built).params <= costs(larger).params


def test_baseline_costs_at_most_twice_candidate_0(space):
    """Comparing against the baseline must not double the bill."""
    baseline = baseline_architecture((28, 28, 1), 10, 8_000)

    assert costs(baseline).macs <= 2 * costs(space.anchors[0]).macs


@pytest.mark.parametrize(
    ("side", "stride", "stages"), [(8, 1, 2), (28, 2, 2), (64, 2, 3), (224, 4, 4)]
)
def test_outline_of_anchors_follows_the_size(side, stride, stages):
    """Large images are halved more often, small ones hardly."""
    assert stem_stride_for((side, side, 1)) == stride
    assert n_stages_for((side, side, 1)) == stages


@given(sides, sides)
def test_stem_stride_of_anchors_is_one_that_may_be_drawn(
    height: int, width: int
) -> None:
    """What anchors and the baseline take is among what `stem_stride: auto` allows."""
    shape = (height, width, 3)

    assert stem_stride_for(shape) in stem_strides("auto", shape)


@given(sides, sides)
def test_baseline_ends_on_a_small_map(height: int, width: int) -> None:
    """The last map has a longer side of 2 to 7 for images of 32 to 256 pixels."""
    shape = (height, width, 3)
    last = stage_shapes(baseline_architecture(shape, 10, 8_000))[-1]

    if 32 <= max(height, width) <= 256:
        assert 2 <= max(last[:2]) <= 7


def test_baseline_of_small_data_is_narrow_and_augmented() -> None:
    """Below 2,000 images: half the width; from 50,000 on: two blocks per stage."""
    small, usual, large = (
        baseline_architecture((32, 32, 3), 10, n) for n in (1_999, 2_000, 50_000)
    )

    assert (small.stem.width, usual.stem.width) == (16, 32)
    assert (small.recipe.augmentation, usual.recipe.augmentation) == ("medium", "light")
    assert [stage.depth for stage in usual.stages] == [1, 1]
    assert [stage.depth for stage in large.stages] == [2, 2]


def test_anchor_values_are_among_the_choices(make_space) -> None:
    """Each anchor takes an allowed value of every choice, whatever is allowed."""
    space = make_space((28, 28, 1), width=[40], kernel_size=[5], stride=[1])
    for values in anchor_values(space.choices, space.input_shape):
        assert list(values) == list(space.choices)
        for name, allowed in space.choices.items():
            inside = (
                allowed.low <= values[name] <= allowed.high
                if isinstance(allowed, Range)
                else values[name] in allowed
            )

            assert inside, name


def test_anchor_values_of_pretrained_backbones_are_frozen(make_space) -> None:
    """A space with backbones tries each once with all its layers frozen."""
    space = make_space()
    choices = space.choices | {
        "backbone": ("none", "mobilenet_v2", "resnet50_v2"),
        "backbone_kept": (3, 5),
        "backbone_unfrozen": (0, 20),
        "backbone_reinitialised": (0,),
    }
    found = anchor_values(choices, (28, 28, 1))

    assert [values["backbone"] for values in found] == [
        "none",
        "none",
        "mobilenet_v2",
        "resnet50_v2",
    ]
    assert {values["backbone_unfrozen"] for values in found} == {0}
    assert {values["backbone_kept"] for values in found[2:]} == {5}


def test_spell_code_moves_each_value_to_the_nearest_allowed(make_space) -> None:
    """Every choice has a value; what the code does not say is the first allowed."""
    space = make_space((28, 28, 1), width=[40, 100], stem_width=[24])
    values = spell_code(space.choices, {"stem_width": 64, "stage1_width": 90})

    assert list(values) == list(space.choices)
    assert (values["stem_width"], values["stage1_width"]) == (24, 100)
    assert values["stage1_block"] == space.choices["stage1_block"][0]


@pytest.mark.parametrize("block", ["conv", "residual"])
@pytest.mark.parametrize("side", [8, 32, 64, 224])
def test_outline_doubling_widens_each_stage_alike(side: int, block: str) -> None:
    """Whatever the stem's channels, widths and strides have the same proportions."""
    shape = (side, side, 3)
    codes = {
        stem: proven_code(shape, block, stem, doubling=True)
        for stem in (16, 48, 64, 96, 100, 256)
    }

    def proportions(stem: int) -> list[tuple[float, object]]:
        code = codes[stem]
        stages = range(1, int(code["n_stages"]) + 1)
        return [
            (code[f"stage{n}_width"] / stem, code[f"stage{n}_stride"]) for n in stages
        ]

    assert all(proportions(stem) == proportions(16) for stem in codes)
    widths = [width for width, _ in proportions(16)]
    assert widths == sorted(widths)
    assert max(widths) <= 8
    assert {code["stem_width"] for code in codes.values()} == set(codes)


def test_outline_of_small_images_has_a_stage_before_the_map_is_halved() -> None:
    """A map of 16 after the stem has one stage more, as wide as the stem."""
    code = proven_code((32, 32, 3), "conv", 64, doubling=True)

    assert [code[f"stage{n}_width"] for n in (1, 2, 3)] == [64, 128, 256]
    assert [code[f"stage{n}_stride"] for n in (1, 2, 3)] == [1, 2, 2]
    assert code["n_stages"] == 3
