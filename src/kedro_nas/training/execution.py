"""How gradient steps are run on a device, apart from what they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kedro_nas.devices import gpu_names
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.search import Execution
from kedro_nas.training.half_precision import cpu_multiplies_bfloat16

PLAIN = Execution()
HALF = Execution(precision="mixed_bfloat16")


def trains_on_gpu(job: JobOptions) -> bool:
    """Return whether the workers of a job train on GPUs.

    On a cluster its options say so, as the driver's machine may have none.
    """
    return job.ray_gpus > 0 if job.pool == "ray" else bool(gpu_names())


def execution_here(measured: Execution | None, job: JobOptions) -> Execution:
    """Return the execution of an earlier stage, as far as this machine supports it.

    A CPU compiles no steps, and computes in bfloat16 only where it has matrix units
    for it.

    Args:
        measured: Execution chosen by an earlier session or stage, or None.
        job: `params:nas.job`.
    """
    if measured is None:
        return PLAIN
    if trains_on_gpu(job):
        return measured
    if not computes_bfloat16(job):
        return PLAIN
    return measured.model_copy(update={"jit_compile": False})


def computes_bfloat16(job: JobOptions) -> bool:
    """Return whether workers on CPUs compute in bfloat16.

    The nodes of a Ray cluster are taken to have CPUs like this machine's, so that a
    search on them is the search of one machine. Workers of other packages compute in
    float32.
    """
    return job.pool in ("local", "ray") and cpu_multiplies_bfloat16()


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
