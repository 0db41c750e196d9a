"""How gradient steps are run on a device, apart from what they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kedro_nas.devices import gpu_names
from kedro_nas.records.search import Execution

PLAIN = Execution()


def execution_here(measured: Execution | None) -> Execution:
    """Return the measured execution; plain execution without it or without a GPU.

    Args:
        measured: Execution chosen by an earlier session or stage, or None.
    """
    if measured is None or not gpu_names():
        return PLAIN
    return measured


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Build layers with this dtype policy within the block."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
