"""`kedro_nas.space.device_choice`: which profile bounds the latency."""

from __future__ import annotations

import json

import pytest
from tests.device import device_profile

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.device_choice import (
    choose_device,
    device_of_table,
    read_profile,
    untimed_size,
    without_profile,
)

PROFILES = {"board": device_profile().model_dump(mode="json")}


def options(**given) -> SearchSpaceOptions:
    return SearchSpaceOptions.model_validate({"max_latency_ms": 2.0} | given)


def test_the_only_profile_is_taken() -> None:
    """One device needs no name."""
    found = choose_device(options(), PROFILES)

    assert found is not None
    assert found.name == "board"
    assert choose_device(options(max_latency_ms=None), PROFILES) is None


def test_a_device_without_a_profile_is_told_and_not_invented() -> None:
    """Networks are then bounded by multiply-accumulates."""
    wanted = options(device="phone")

    assert choose_device(wanted, PROFILES) is None
    assert "no profile of the device 'phone'" in without_profile(wanted, PROFILES)
    assert "bounded by max_macs" in without_profile(options(), {})


def test_several_profiles_need_a_name() -> None:
    """A guess between two devices would bound the wrong one."""
    with pytest.raises(SearchSpaceError, match="board, phone"):
        choose_device(options(), {**PROFILES, "phone": {}})


def test_a_profile_that_was_edited_is_refused() -> None:
    """The message names how it is made again."""
    with pytest.raises(SearchSpaceError, match="profile-device"):
        choose_device(options(), {"board": {"name": "board"}})


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.0, -1.0, "fast"])
def test_a_profile_with_a_time_that_is_none_is_refused(wrong: object) -> None:
    """A NaN would let every network keep the bound, or none, without a word."""
    value = json.loads(json.dumps(PROFILES["board"]))
    value["operators"][3]["us"] = wrong

    with pytest.raises(SearchSpaceError, match=r"operators\.3\.us"):
        read_profile("board", value)


@pytest.mark.parametrize("name", ["operators", "networks"])
def test_a_profile_of_nothing_is_refused(name: str) -> None:
    """It predicts nothing."""
    value = {**json.loads(json.dumps(PROFILES["board"])), name: []}

    with pytest.raises(SearchSpaceError, match=name):
        read_profile("board", value)


def test_a_margin_that_is_no_number_is_refused() -> None:
    """It is what bounds are kept by."""
    value = json.loads(json.dumps(PROFILES["board"]))
    value["error"]["margin"] = float("nan")

    with pytest.raises(SearchSpaceError, match=r"error\.margin"):
        read_profile("board", value)


@pytest.mark.parametrize(
    ("side", "is_told"), [(10, True), (11, False), (32, False), (48, False), (49, True)]
)
def test_a_profile_of_other_image_sizes_is_told(side: int, *, is_told: bool) -> None:
    """It was timed with 16 and 32 pixels; half as many more are near enough."""
    note = untimed_size(device_profile(), (side, 8, 3))

    assert ("images of 16 and 32 pixels a side" in note) is is_told
    assert (f"--image-side {side}" in note) is is_told


def test_a_table_tells_the_latency_of_the_bounded_or_the_only_device() -> None:
    """With several and none bounded it is not guessed which one is meant."""
    board = device_profile()

    assert device_of_table(board, {}) is board
    assert device_of_table(None, {}) is None
    assert device_of_table(None, PROFILES) == board
    assert device_of_table(None, {**PROFILES, "phone": {}}) is None


def test_a_profile_that_nobody_asked_for_may_be_broken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The table is written without latencies, and the log says why."""
    assert device_of_table(None, {"board": {"name": "board"}}) is None
    assert "the profile of the device 'board' cannot be read" in caplog.text


def test_backbones_are_refused_where_latency_is_bounded() -> None:
    """Their layers are not known without building them."""
    given = options(pretrained={"backbones": ["mobilenet_v2"]})

    with pytest.raises(SearchSpaceError, match="mobilenet_v2"):
        choose_device(given, PROFILES)
