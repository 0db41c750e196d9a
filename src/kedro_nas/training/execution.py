"""How gradient steps are run on a device, apart from what they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kedro_nas.devices import gpu_names
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.search import Execution

PLAIN = Execution()


def trains_on_gpu(job: JobOptions) -> bool:
    """Return whether the workers of a job train on GPUs.

    On a cluster its options say so, as the driver's machine may have none.
    """
    return job.ray_gpus > 0 if job.pool == "ray" else bool(gpu_names())


def execution_here(measured: Execution | None, job: JobOptions) -> Execution:
    """Return the measured execution; plain execution without it or without a GPU.

    Args:
        measured: Execution chosen by an earlier session or stage, or None.
        job: `params:nas.job`.
    """
    if measured is None or not trains_on_gpu(job):
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
