"""A choice by latency is refused before the run where nothing predicts one."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset

from kedro_nas import create_pipeline
from kedro_nas.errors import ParameterError
from kedro_nas.framework.latency_options import check_latency_options

BY_LATENCY = [
    {"ranking": {"rule": "best_under_latency"}},
    {"ranking": {"smaller_by": "latency"}},
    {"search": {"finalists_front": "latency"}},
]
BOUNDED = {"max_latency_ms": 5.0, "device": "board"}


def catalog(profiles: tuple[str, ...], **sections: Any) -> DataCatalog:
    """Return a catalog of parameters and of profiles with these names."""
    given = {"search_space": {}, "search": {}, "ranking": {}, **sections}
    entries = {
        f"params:nas.{name}": MemoryDataset(value) for name, value in given.items()
    }
    made = MemoryDataset({name: {"name": name} for name in profiles})
    return DataCatalog({**entries, "nas.device_profiles": made})


@pytest.mark.parametrize("asked", BY_LATENCY)
@pytest.mark.parametrize(
    ("profiles", "space", "received"),
    [
        (("board",), {}, "max_latency_ms: null"),
        ((), BOUNDED, "device_profiles: none"),
        (("phone",), BOUNDED, "device: board, profiles in device_profiles: phone"),
    ],
)
def test_it_is_refused_with_what_to_do(
    asked: dict[str, Any],
    profiles: tuple[str, ...],
    space: dict[str, Any],
    received: str,
) -> None:
    """Hours of search are not spent on a choice that cannot be made."""
    given = catalog(profiles, search_space=space, **asked)

    with pytest.raises(ParameterError, match=received) as raised:
        check_latency_options(create_pipeline().nodes, given)
    assert "kedro nas profile-device" in str(raised.value)


@pytest.mark.parametrize("asked", BY_LATENCY)
@pytest.mark.parametrize("device", ["board", None])
def test_with_bound_and_profile_it_is_accepted(
    asked: dict[str, Any], device: str | None
) -> None:
    """The only profile needs no name."""
    space = {**BOUNDED, "device": device}
    given = catalog(("board",), search_space=space, **asked)

    assert check_latency_options(create_pipeline().nodes, given) is None


def test_options_that_need_no_latency_need_no_profile() -> None:
    """Nor do runs of a stage alone, which looks at the space that was searched."""
    ranking_alone = create_pipeline(stages=("ranking",)).nodes

    assert check_latency_options(create_pipeline().nodes, catalog(())) is None
    asked = catalog((), ranking={"rule": "best_under_latency"})
    assert check_latency_options(ranking_alone, asked) is None
