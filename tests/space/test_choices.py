"""Choices are the preset's, narrowed by the user's words."""

from __future__ import annotations

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.space.choices import (
    STEM_STRIDES,
    count_values,
    draw_value,
    nearest_value,
    preset_names,
    resolve_options,
    stem_strides,
)


def test_presets_are_the_promised_ones():
    """Five presets ship."""
    assert preset_names() == ("accuracy", "cpu", "default", "mobile", "tiny")


@pytest.mark.parametrize("preset", preset_names())
def test_resolve_any_preset_leaves_no_choice_open(preset):
    """A preset says something about every choice and bound."""
    resolved = resolve_options(SearchSpaceOptions(preset=preset))
    open_fields = {name for name, value in resolved if value is None}

    assert open_fields == {"max_latency_ms"}


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
