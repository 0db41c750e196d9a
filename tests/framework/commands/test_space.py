"""`kedro nas space`: what may be built, for people and for programs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import JsonValue
from tests.device import device_profile

from kedro_nas.framework.commands.space import (
    _changes,
    _load,
    _survey,
    _text,
    _values,
    space_of_today,
)
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts

WRITTEN = build_search_space(
    SearchSpaceOptions(preset="tiny", max_params="50k"),
    DataFacts((12, 12, 1), 2, 1_000),
    seed=0,
).to_dict()
SPACE = _load(WRITTEN)


def test_text_shows_choices_bounds_and_what_is_tried_first() -> None:
    """A person sees what the search may find before it begins."""
    text = _text(SPACE, _survey(SPACE, 20, 0, 1_000))

    assert text.startswith("12 x 12 x 1 pixels, 2 classes")
    assert "Choices (preset tiny):" in text
    assert "max_params: 50,000" in text
    assert "macs_are_auto" not in text
    assert "Tried first:\n  stem " in text
    assert "20 networks that fit" in text
    assert "seconds per epoch of 1,000 images" in text


def test_survey_of_one_seed_is_the_same_again() -> None:
    """Two people who look at one space see the same ranges."""
    first = _survey(SPACE, 20, 3, 1_000)

    assert first == _survey(SPACE, 20, 3, 1_000)
    assert first.n_distinct <= first.samples == 20
    assert all(
        one.smallest <= one.median <= one.largest for one in first.ranges.values()
    )


def _search(options: SearchSpaceOptions, **profiles: JsonValue) -> Any:
    return SimpleNamespace(
        options=lambda _model, _section: options,
        load_if_there={"device_profiles": profiles}.get,
        seed=0,
    )


def test_changes_name_what_the_parameters_of_today_would_make() -> None:
    """A file of yesterday is not taken for what is in the parameters now."""
    data = DataFacts((12, 12, 1), 2, 1_000)
    then = SearchSpaceOptions(preset="tiny", max_params="50k")
    now = SearchSpaceOptions(preset="tiny", max_params="40k", kernel_size=(5,))

    changed = _changes(SPACE, space_of_today(_search(now), data))

    assert _changes(SPACE, space_of_today(_search(then), data)) == []
    assert changed[-1] == "max_params"
    assert "stage1_kernel_size" in changed
    assert "stage1_width" not in changed


def test_space_of_today_is_bounded_by_the_profile_of_the_device(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bound of latency that was there and still is has not changed."""
    data = DataFacts((12, 12, 1), 2, 1_000)
    board = device_profile().model_dump(mode="json")
    then, now = (
        space_of_today(
            _search(SearchSpaceOptions(preset="tiny", max_latency_ms=ms), board=board),
            data,
        )
        for ms in (1_000, 2_000)
    )

    assert then.bounds.max_latency_ms == 1_000
    assert _changes(then, now) == ["max_latency_ms"]
    assert "no profile" not in caplog.text


def test_values_of_a_range_and_of_a_list() -> None:
    """A logarithmic range has two ends, a list its values."""
    assert _values(Range(low=0.001, high=0.01)) == "0.001 to 0.01"
    assert _values((3, 5)) == "3, 5"
