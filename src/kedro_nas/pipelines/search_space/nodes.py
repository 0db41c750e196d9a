"""Nodes of the `search_space` stage; each calls one function of the library.

Records are imported by the nodes that read them: each command of Kedro imports this
module.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.search_space import SearchSpaceOptions


def build_search_space(
    dataset_profile: JsonValue,
    device_profiles: dict[str, JsonValue],
    search_space: SearchSpaceOptions,
    seed: int,
) -> JsonValue:
    """Adapt choices and bounds to the data; raise an error if no architecture fits."""
    from kedro_nas.models.spaces import build_search_space as build
    from kedro_nas.records.profile import DatasetProfile

    options = SearchSpaceOptions.parse(search_space, where="nas.search_space")
    data = DatasetProfile.read(dataset_profile).facts
    return build(options, data, device_profiles, seed=seed).to_dict()


def draw_search_space(search_space: JsonValue, seed: int) -> Any:
    """Plot the networks of the space and its bounds."""
    from kedro_nas.models.spaces import load_search_space
    from kedro_nas.report.figures.space_sample import draw_search_space as draw

    return draw(load_search_space(search_space), seed)
