"""Costs no formula knows: a user's opaque block, a pretrained backbone.

They are measured by building once. Building needs Keras, which this layer does not
have; `kedro_nas.models` installs its ruler here when it is imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.formulas import Shape, strided
from kedro_nas.space.registry import Block

Ruler = Callable[[Block, Shape, Mapping[str, Any]], Mapping[str, float]]
_rulers: list[Ruler] = []
_table: dict[tuple[Any, ...], dict[str, int]] = {}


def install_ruler(ruler: Ruler) -> None:
    """Say who measures opaque blocks; the latest wins.

    Args:
        ruler: `f(block, input_shape, arguments)` giving `params`, `macs`, `depth`
            and `values` (activations alive at once, batch 1).
    """
    _rulers[:] = [ruler]


def measured_cost(
    block: Block, shape: Shape, arguments: Mapping[str, Any]
) -> dict[str, int]:
    """Return the costs of an opaque block, measured once per use.

    Args:
        block: The block.
        shape: Height, width, channels of its input.
        arguments: `filters`, `kernel_size`, `stride` and the block's options.

    Returns:
        `params`, `macs`, `depth`, `values`.

    Raises:
        SearchSpaceError: Nobody can measure, or the block itself fails.
    """
    key = (block.function, shape, tuple(sorted(arguments.items())))
    if key not in _table:
        cost = dict(_ask(block, shape, arguments))
        smallest = math.prod(shape) + math.prod(output_shape(shape, arguments))
        cost.setdefault("values", smallest)
        cost.setdefault("depth", 1)
        _table[key] = {name: int(value) for name, value in cost.items()}
    return _table[key]


def output_shape(shape: Shape, arguments: Mapping[str, Any]) -> Shape:
    """Return what every block makes of a map: strided, `filters` channels."""
    stride = arguments["stride"]
    return (strided(shape[0], stride), strided(shape[1], stride), arguments["filters"])


def _ask(
    block: Block, shape: Shape, arguments: Mapping[str, Any]
) -> Mapping[str, float]:
    if block.cost is not None:
        return block.cost(shape, **arguments)
    if not _rulers:
        raise SearchSpaceError(
            f"cannot measure the block '{block.name}'",
            received="a block over Keras tensors without a cost formula",
            allowed="register_block(cost=...), or Keras to build it with",
            remedy="Import kedro_nas.models first",
        )
    return _rulers[-1](block, shape, arguments)
