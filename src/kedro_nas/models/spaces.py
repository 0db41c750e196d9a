"""Search spaces with what needs Keras to know: a user's blocks, backbones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro_nas.models.custom import register_custom_blocks
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space import search_space as plain
from kedro_nas.space.figure import search_space_figure
from kedro_nas.space.measured import recall_table


def build_search_space(
    options: SearchSpaceOptions, profile: Mapping[str, Any], *, seed: int
) -> plain.SearchSpace:
    """Register the user's blocks, then fit the space to the data.

    Args:
        options: The parameters.
        profile: `nas.dataset_profile`.
        seed: Root seed.

    Raises:
        SearchSpaceError: As `space.search_space.build_search_space`, or a custom
            block cannot be imported or fails.
    """
    register_custom_blocks(
        {name: block.function for name, block in options.custom_blocks.items()},
        {name: block.options for name, block in options.custom_blocks.items()},
    )
    return plain.build_search_space(options, profile, seed=seed)


def load_search_space(value: Mapping[str, Any]) -> plain.SearchSpace:
    """Read `nas.search_space` and register the blocks it needs.

    Raises:
        SearchSpaceError: A custom block cannot be imported.
    """
    space = plain.SearchSpace.from_dict(value)
    register_custom_blocks(space.custom_blocks, space.custom_options)
    recall_table(space.measured)
    return space


def draw_search_space(value: Mapping[str, Any], seed: int) -> Any:
    """Draw the Plotly figure of `nas.search_space`."""
    return search_space_figure(load_search_space(value), seed)
