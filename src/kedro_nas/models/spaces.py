"""Search spaces with custom blocks and backbones, which need Keras."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pydantic import JsonValue

from kedro_nas.devices import gpu_names
from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.models.pretrained import load_body
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space import search_space as plain
from kedro_nas.space.architecture import Backbone
from kedro_nas.space.backbones import check_backbone, digest_weights
from kedro_nas.space.block_programs import block_changed, digest_all_options
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.cost_meter import (
    backbone_costs_from_json,
    block_costs_from_json,
)
from kedro_nas.space.device_choice import choose_device, untimed_size, without_profile

AUTO = "auto"

logger = logging.getLogger(__name__)


def build_search_space(
    options: SearchSpaceOptions,
    data: DataFacts,
    device_profiles: Mapping[str, JsonValue] | None = None,
    *,
    seed: int,
) -> plain.SearchSpace:
    """Register the custom blocks and return the search space for a data set.

    Args:
        options: The parameters.
        data: Properties of the images.
        device_profiles: `nas.device_profiles`, by name.
        seed: Root seed.

    Raises:
        SearchSpaceError: As `space.search_space.build_search_space`, or a custom
            block cannot be imported or fails.
    """
    register_custom_blocks(
        {name: block.function for name, block in options.custom_blocks.items()},
        {name: block.options for name, block in options.custom_blocks.items()},
    )
    options, notes = drop_missing_backbones(options, data.image_shape)
    notes += _note_unused_blocks(options)
    if options.preset == AUTO:
        options = options.model_copy(update={"preset": suited_preset()})
    device = choose_device(options, device_profiles or {})
    if options.max_latency_ms is not None and device is None:
        notes.append(without_profile(options, device_profiles or {}))
        logger.warning(notes[-1])
    if device is not None and (note := untimed_size(device, data.image_shape)):
        notes.append(note)
        logger.warning(note)
    space = plain.build_search_space(options, data, seed=seed, device=device)
    return space.model_copy(update={"notes": (*space.notes, *notes)})


def _note_unused_blocks(options: SearchSpaceOptions) -> list[str]:
    """Return a note, for log and report, on custom blocks that `blocks` leaves out."""
    if options.blocks is None:
        return []
    unused = [name for name in options.custom_blocks if name not in options.blocks]
    if not unused:
        return []
    note = (
        f"search_space.custom_blocks names {', '.join(unused)}, search_space.blocks "
        "does not, so no network has them: list them in blocks, or set blocks to null, "
        "which adds them to those of the preset"
    )
    logger.warning(note)
    return [f"{note}."]


def suited_preset() -> str:
    """Return the preset that suits this machine: `default` with a GPU, else `cpu`.

    On a CPU core depthwise convolutions reach a sixth of the speed of plain ones (8 to
    11 against 60 GFLOP/s), so the blocks that are best on GPUs are slow there.
    """
    return "default" if gpu_names() else "cpu"


def drop_missing_backbones(
    options: SearchSpaceOptions, image_shape: tuple[int, ...]
) -> tuple[SearchSpaceOptions, list[str]]:
    """Leave out backbones whose weights cannot be loaded.

    Args:
        options: The parameters.
        image_shape: Height, width, channels.

    Returns:
        The options without them, and a note on each, for log and report.

    Raises:
        SearchSpaceError: An unknown backbone.
    """
    pretrained = options.pretrained
    found, notes = [], []
    for name in pretrained.backbones:
        check_backbone(name)
        try:
            load_body(
                Backbone(
                    name=name,
                    kept=max(pretrained.kept),
                    input_size=min(pretrained.input_size),
                    weights=pretrained.weights,
                ),
                image_shape,
            )
            found.append(name)
        except SearchSpaceError as error:
            notes.append(f"The pretrained branch {name} was left out: {error}")
            logger.warning(notes[-1])
    kept = pretrained.model_copy(update={"backbones": tuple(found)})
    return options.model_copy(update={"pretrained": kept}), notes


def load_search_space(value: JsonValue) -> plain.SearchSpace:
    """Read `nas.search_space` and register the blocks it needs.

    Raises:
        SearchSpaceError: A custom block cannot be imported, or a block or the file of
            weights has changed since the space was made.
    """
    space = plain.SearchSpace.model_validate(value)
    register_custom_blocks(space.custom_blocks, space.custom_options)
    space = _check_unchanged(space)
    block_costs_from_json(space.measured)
    backbone_costs_from_json(space.backbone_costs)
    return space


def _check_unchanged(space: plain.SearchSpace) -> plain.SearchSpace:
    """Check that blocks and weights are those the space was made with.

    A space written by an earlier version has no digests; it gets those of now.
    """
    blocks = digest_all_options(space.custom_blocks)
    for name, digest in space.block_digests.items():
        if blocks[name] != digest:
            raise block_changed(name, space.custom_blocks[name])
    weights = digest_weights(space.backbone_weights)
    if space.weights_digest and weights != space.weights_digest:
        raise SearchSpaceError(
            f"the weights {space.backbone_weights} have changed since the search space"
            " was made",
            received="a file of other content" if weights else "no file",
            allowed="the file that was measured and searched",
            remedy="Put the file back, or run the stages again from search_space on, "
            "with nas.search.on_change: restart",
        )
    if "backbone" not in space.choices:
        weights = ""
    return space.model_copy(update={"block_digests": blocks, "weights_digest": weights})
