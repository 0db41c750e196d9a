"""Options that need the latency of a device are looked at before the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kedro_nas.errors import ParameterError
from kedro_nas.framework.registered import by_namespace, names_of_search
from kedro_nas.parameters.base import OptionsType
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.pipelines.nas.pipeline import PREFIX


def check_latency_options(nodes: Iterable[Any], catalog: Any) -> None:
    """Check that a choice by latency has a bound and a profile to predict it by.

    A run that leaves out the stage `search_space` is not looked at here: ranking looks
    at the space that was searched.

    Args:
        nodes: Nodes of ours.
        catalog: Kedro's catalog, parameters included.

    Raises:
        ParameterError: Latency is not bounded, or there is no profile of the device.
    """
    for _, group in by_namespace(nodes):
        names = names_of_search(group)
        wanted = _wanted(names, catalog)
        space = _options(SearchSpaceOptions, names, catalog)
        if not wanted or space is None:
            continue
        if space.max_latency_ms is None:
            _refuse(wanted, "nas.search_space.max_latency_ms: null")
        found = _devices(names, catalog)
        device = space.device or next(iter(found), None)
        if device not in found:
            there = ", ".join(found) or "none"
            asked = f"nas.search_space.device: {device}, " if space.device else ""
            _refuse(wanted, f"{asked}profiles in device_profiles: {there}")


def _wanted(names: dict[str, str], catalog: Any) -> str:
    """Return the option that needs the latency, empty for none."""
    ranking = _options(RankingOptions, names, catalog)
    search = _options(SearchOptions, names, catalog)
    return (ranking.needs_latency if ranking else "") or (
        search.needs_latency if search else ""
    )


def _options(
    model: type[OptionsType], names: dict[str, str], catalog: Any
) -> OptionsType | None:
    """Return a section of options that this run reads, None for others."""
    theirs = names.get(PREFIX + model.section)
    if theirs is None or theirs not in catalog:
        return None
    value = catalog.get(theirs).load()
    return model.parse(value, where=theirs.removeprefix(PREFIX))


def _devices(names: dict[str, str], catalog: Any) -> list[str]:
    """Return the names of the devices that have a profile."""
    theirs = names.get("device_profiles")
    if theirs is None or theirs not in catalog:
        return []
    return list(catalog.get(theirs).load())


def _refuse(wanted: str, received: str) -> None:
    raise ParameterError(
        "a choice depends on a latency that cannot be known",
        received=f"{wanted}, and {received}",
        allowed="nas.search_space.max_latency_ms in milliseconds, and a profile of "
        "nas.search_space.device",
        remedy="Make a profile with `kedro nas profile-device` and set both, or change "
        "that option",
    )
