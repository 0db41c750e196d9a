"""The functions a user wrote, for blocks and models: imported and called."""

from __future__ import annotations

from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.formulas import block_output_shape
from kedro_nas.space.registry import Block, BlockArguments


def call_custom_block(block: Block, x: Any, arguments: BlockArguments) -> Any:
    """Call a custom block over Keras tensors and check the shape of its output.

    Raises:
        SearchSpaceError: It raised, or its output has another shape than promised.
    """
    where = (
        f"the block '{block.name}' ({block.path}) on {tuple(x.shape[1:])} with "
        f"{arguments}"
    )
    try:
        y = block.function(x, **arguments.as_keywords())
        found = tuple(y.shape[1:])
    except Exception as error:
        raise SearchSpaceError(
            f"{where} failed", received=f"{type(error).__name__}: {error}"
        ) from error
    promised = block_output_shape(tuple(x.shape[1:]), arguments)
    if found != promised:
        raise SearchSpaceError(
            f"{where} has the wrong shape", received=str(found), allowed=str(promised)
        )
    return y
