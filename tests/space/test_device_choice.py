"""`kedro_nas.space.device_choice`: which profile bounds the latency."""

from __future__ import annotations

import pytest
from tests.device import device_profile

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.device_choice import choose_device, without_profile

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


def test_backbones_are_refused_where_latency_is_bounded() -> None:
    """Their layers are not known without building them."""
    given = options(pretrained={"backbones": ["mobilenet_v2"]})

    with pytest.raises(SearchSpaceError, match="mobilenet_v2"):
        choose_device(given, PROFILES)
