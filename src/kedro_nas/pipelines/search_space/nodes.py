"""Nodes of the `search_space` stage; each calls one function of the library."""

from __future__ import annotations

from typing import Any

from kedro_nas.parameters.search_space import SearchSpaceOptions


def build_search_space(
    dataset_profile: dict[str, Any],
    device_profiles: dict[str, Any],
    search_space: SearchSpaceOptions,
    seed: int,
) -> dict[str, Any]:
    """Adapt choices and bounds to the data; raise an error if no architecture fits."""
    from kedro_nas.models.spaces import build_search_space as build

    options = SearchSpaceOptions.parse(search_space, where="nas.search_space")
    space = build(options, dataset_profile, device_profiles, seed=seed)
    return space.to_dict()


def draw_search_space(search_space: dict[str, Any], seed: int) -> Any:
    """Plot the networks of the space and its bounds."""
    from kedro_nas.models.spaces import load_search_space
    from kedro_nas.report.figures.space_sample import draw_search_space as draw

    return draw(load_search_space(search_space), seed)
