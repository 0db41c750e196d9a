"""Choices are the preset's, narrowed by the user's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.space.choices import (
    PER_STAGE,
    RECIPE,
    STEM_STRIDES,
    count_values,
    draw_value,
    first_value,
    nearest_value,
    preset_names,
    resolve_options,
    spell_out,
    stem_strides,
    two_digits,
)


def test_presets_are_the_promised_ones():
    """Five presets ship."""
    assert preset_names() == ("accuracy", "cpu", "default", "mobile", "tiny")


@pytest.mark.parametrize("preset", preset_names())
def test_resolve_any_preset_leaves_no_choice_open(preset):
    """A preset says something about every choice and bound."""
    resolved = resolve_options(SearchSpaceOptions(preset=preset))
    # a bound of latency is of somebody's device
    asked = {"max_latency_ms", "device"}
    open_fields = {name for name, value in resolved if value is None} - asked

    assert open_fields == set()


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"preset": "mobil"}, "Did you mean 'mobile'?"),
        ({"blocks": ["inverted_residuals"]}, "Did you mean 'inverted_residual'?"),
        ({"attention": ["cbm"]}, "Did you mean 'cbam'?"),
        ({"activation": ["rellu"]}, "Did you mean 'relu'?"),
        ({"augmentation": ["hard"]}, "light+cutmix"),
        ({"block_options": {"convnext": {"expand": [2]}}}, "'expansion'"),
        ({"block_options": {"convnext": {"expansion": []}}}, "allows nothing"),
    ],
)
def test_resolve_unknown_word_hints_at_the_closest(wrong, hint):
    """A misspelt word is an error that knows what was meant."""
    with pytest.raises(SearchSpaceError) as caught:
        resolve_options(SearchSpaceOptions.model_validate(wrong))

    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("side", "strides"), [(8, (1, 2)), (28, (2,)), (63, (2,)), (224, (2, 4))]
)
def test_stem_strides_auto_follow_the_size(side, strides):
    """The stem shrinks large images more."""
    assert stem_strides("auto", (side, 3, 1)) == strides
    assert stem_strides([3], (side, 3, 1)) == (3,)


def test_values_of_a_range_are_two_digit_numbers():
    """A rate is a number a person would write."""
    rates = Range(low=0.001, high=0.005)

    assert draw_value(rates, 0.0) == 0.001
    assert draw_value(rates, 0.5) == 0.0022
    assert nearest_value(rates, 0.02) == 0.005
    assert 60 < count_values(rates) < 65


def test_nearest_value_of_words_is_the_first_when_unknown():
    """An anchor's word that is not allowed gives way to the space's first."""
    assert nearest_value(("relu", "swish"), "swish") == "swish"
    assert nearest_value(("relu", "swish"), "gelu") == "relu"
    assert nearest_value((24, 64), 48) == 64


def test_stem_strides_never_shrink_with_the_image() -> None:
    """The rows of the table are in order, and larger images are shrunk no less."""
    sizes = [row.below for row in STEM_STRIDES]
    proven = [row.proven for row in STEM_STRIDES]

    assert sizes == sorted(sizes)
    assert proven == sorted(proven)


def choices_of(shape=(28, 28, 1), **options):
    """Return the flat choices of options."""
    chosen = resolve_options(SearchSpaceOptions.model_validate(options))
    return spell_out(chosen, shape)


def test_spell_out_has_the_choices_of_each_stage():
    """As many stages as there may be at most, each with its own names."""
    found = choices_of(n_stages=[1, 3], blocks=["conv"])
    stages = {name.split("_")[0] for name in found if name.startswith("stage")}

    assert stages == {"stage1", "stage2", "stage3"}
    assert all(f"stage3_{word}" in found for word in PER_STAGE)
    assert list(found)[-len(RECIPE) :] == list(RECIPE)


def test_spell_out_has_the_options_of_the_blocks_that_may_be_chosen():
    """An option is restricted by `block_options`, and absent without its block."""
    found = choices_of(
        blocks=["convnext"], block_options={"convnext": {"expansion": [2]}}
    )

    assert found["stage1_convnext_expansion"] == (2,)
    assert not any("reduction" in name for name in found)


def test_spell_out_names_each_value_once_and_widths_in_order():
    """What a user writes twice is one choice."""
    found = choices_of(width=[64, 32, 64], activation=["relu", "relu"])

    assert found["stage1_width"] == (32, 64)
    assert found["activation"] == ("relu",)


def test_spell_out_has_a_backbone_only_where_one_is_asked_for():
    """Without backbones there is no such choice."""
    with_one = choices_of(pretrained={"backbones": ["mobilenet_v2"]})

    assert "backbone" not in choices_of()
    assert with_one["backbone"] == ("none", "mobilenet_v2")


@given(st.floats(1e-6, 1.0), st.floats(0, 1, exclude_max=True))
def test_values_of_any_range_stay_inside(low, share):
    """Every draw of a range is allowed, up to the rounding to two digits."""
    rates = Range(low=two_digits(low), high=two_digits(low * 10))
    value = draw_value(rates, share)

    assert rates.low <= value <= rates.high
    assert value == two_digits(value)
    assert first_value(rates) == rates.low


@given(st.lists(st.integers(0, 99), min_size=1, unique=True), st.data())
def test_draw_value_of_a_list_reaches_each_value(values, data):
    """Equal shares of [0, 1) belong to the allowed values."""
    allowed = tuple(values)
    index = data.draw(st.integers(0, len(allowed) - 1))

    assert draw_value(allowed, (index + 0.5) / len(allowed)) == allowed[index]
    assert draw_value(allowed, 0.0) == first_value(allowed) == allowed[0]
    assert count_values(allowed) == len(allowed)
