"""Costs no formula knows: a user's opaque block, a pretrained backbone.

They are measured by building once. Building needs Keras, which this layer does not
have; `kedro_nas.models` installs its ruler here when it is imported.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.formulas import Shape, strided
from kedro_nas.space.registry import Block, find_block

Ruler = Callable[[Block, Shape, Mapping[str, Any]], Mapping[str, float]]
_rulers: list[Ruler] = []
_table: dict[tuple[str, str], dict[str, int]] = {}
_failures: dict[tuple[str, str], SearchSpaceError] = {}


def install_ruler(ruler: Ruler) -> None:
    """Set what measures opaque blocks; the latest call counts.

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
    key = (_owner(block), json.dumps([shape, sorted(arguments.items())]))
    if key in _failures:
        raise _failures[key]
    if key not in _table:
        try:
            cost = dict(_ask(block, shape, arguments))
        except SearchSpaceError as error:
            _failures[key] = error
            raise
        smallest = math.prod(shape) + math.prod(output_shape(shape, arguments))
        cost.setdefault("values", smallest)
        cost.setdefault("depth", 1)
        _table[key] = {name: int(value) for name, value in cost.items()}
    return _table[key]


def measured_table(blocks: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Return what was measured so far of some blocks, as JSON for another process.

    Args:
        blocks: Names of blocks.
    """
    table: dict[str, dict[str, dict[str, int]]] = {}
    for name in blocks:
        owner = _owner(find_block(name))
        table[name] = {use: cost for (of, use), cost in _table.items() if of == owner}
    return table


def measured_failures(name: str) -> list[SearchSpaceError]:
    """Return the errors a block has raised so far, one per distinct use."""
    owner = _owner(find_block(name))
    return [error for (of, _), error in _failures.items() if of == owner]


def recall_table(table: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
    """Take over what another process measured; see `measured_table`."""
    for name, uses in table.items():
        owner = _owner(find_block(name))
        for use, cost in uses.items():
            _table.setdefault((owner, use), dict(cost))


def _owner(block: Block) -> str:
    """Name a block's code: edited or redefined, it is measured anew."""
    code = getattr(block.function, "__code__", None)
    body = code.co_code + repr(code.co_consts).encode() if code else b""
    return f"{block.name}#{hashlib.sha256(body).hexdigest()[:12]}"


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
