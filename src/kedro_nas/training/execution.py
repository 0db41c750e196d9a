"""How gradient steps are run on a device, apart from what they compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kedro_nas.devices import gpu_names


class Execution(BaseModel):
    """What a search measures once on a GPU, and ranking and final fit follow.

    Attributes:
        jit_compile: Whether XLA compiles a step; never on a CPU, where depthwise
            convolutions become 20 to 40 times slower.
        precision: Of activations and gradients. Weights and updates are float32;
            bfloat16 has their range, so that losses need no scaling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    jit_compile: bool = False
    precision: Literal["float32", "mixed_bfloat16"] = "float32"


PLAIN = Execution()


def execution_here(measured: Mapping[str, Any] | None) -> Execution:
    """Return what was measured on a GPU, or plain execution where there is none.

    Args:
        measured: `Execution` as JSON, or None.
    """
    if not measured or not gpu_names():
        return PLAIN
    return Execution.model_validate(measured)


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
