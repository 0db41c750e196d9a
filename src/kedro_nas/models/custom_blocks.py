"""Custom blocks: imported, registered, and measured with Keras."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from kedro_nas.custom_code import import_custom
from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.measure import KerasCostMeter
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.block_programs import check_blocks
from kedro_nas.space.cost_meter import set_cost_meter
from kedro_nas.space.registry import Block, Value, find_registered, register_block


def register_custom_blocks(
    blocks: Mapping[str, str],
    options: Mapping[str, Mapping[str, Sequence[Value]]] | None = None,
) -> None:
    """Import and register custom blocks, and set this process's cost meter.

    The meter is set here only, so this is called without blocks, too, before backbones
    or custom models are counted. It may be called again, in any process (workers, the
    export, a notebook); blocks that are registered already stay as they are.

    Args:
        blocks: Name to `package.module:function`; may be empty.
        options: Name to the choices of the block's options, when given in YAML.

    Raises:
        SearchSpaceError: A module or function does not exist, or fails on import.
    """
    set_cost_meter(KerasCostMeter())
    for name, path in blocks.items():
        known = find_registered(name)
        if known is not None and known.path == path and not _is_redefined(known):
            continue
        function = import_custom(path, f"custom block '{name}'", SearchSpaceError)
        chosen = (options or {}).get(name)
        if chosen is None and known is not None:
            chosen = known.options
        known = find_registered(name)  # its decorator may have registered it
        if known is None or known.function is not function:
            register_block(name, options=chosen, path=path)(function)


def _is_redefined(block: Block) -> bool:
    """Return whether the module of a block was reloaded, as in a notebook."""
    module, _, attribute = block.path.partition(":")
    now = getattr(sys.modules.get(module), attribute, None)
    return now is not None and now is not block.function


def register_blocks_of(architecture: Architecture) -> None:
    """Register the custom blocks of a network, and check that none has changed.

    Raises:
        SearchSpaceError: A block cannot be imported, or has changed since.
    """
    register_custom_blocks(dict(architecture.custom_blocks))
    check_blocks(architecture)
