"""Import TensorFlow without the lines it writes about the hardware it runs on.

They come from its C++ code before any log level can be set (TF_CPP_MIN_LOG_LEVEL does
not reach them), look like errors, and say nothing one could act on.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kedro_nas.devices import share_gpu_memory
from kedro_nas.stages import node_of

_NOISE = (
    r"^WARNING: All log messages before absl::InitializeLog\(\) is called",
    r"cudart_stub\.cc:[0-9]+\] Could not find cuda drivers on your machine",
    r"port\.cc:[0-9]+\] oneDNN custom operations are on",
    r"This TensorFlow binary is optimized to use available CPU instructions",
    r"^To enable the following instructions: .* rebuild TensorFlow",
)
_NOISE_WITHOUT_GPU = (r"failed call to cuInit",)
_GPUS = ("/dev/nvidiactl", "/dev/dxg")


def prepare_for(node: Any) -> None:
    """Import what a node of ours is about to import, without the noise.

    Args:
        node: A node of ours whose inputs are about to be loaded.
    """
    share_gpu_memory()
    known = node_of(node.func.__name__)
    if known is not None and known.tensorflow != "no":
        import_tensorflow(with_devices=known.tensorflow == "computes")


def import_tensorflow(*, with_devices: bool) -> None:
    """Import TensorFlow; errors are raised and shown as usual.

    Args:
        with_devices: Also look for GPUs, which TensorFlow does at its first
            operation and reports on machines without one.
    """
    share_gpu_memory()
    if "tensorflow" in sys.modules and not with_devices:
        return
    with filtered_stderr():
        tensorflow = importlib.import_module("tensorflow")
        if with_devices:
            tensorflow.config.list_physical_devices()


@contextmanager
def filtered_stderr() -> Iterator[None]:
    """Drop the known lines from what is written to file descriptor 2.

    A `grep` stands between, rather than a buffer of this process: should TensorFlow
    abort the process, what it said before is still shown.
    """
    known = (
        _NOISE if any(Path(p).exists() for p in _GPUS) else _NOISE + _NOISE_WITHOUT_GPU
    )
    command = ["grep", "--line-buffered", "-v", "-E", "|".join(known)]
    try:
        kept = os.dup(2)
    except OSError:  # closed, as under some daemons
        yield
        return
    try:
        between = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=kept)
    except OSError:  # no grep
        os.close(kept)
        yield
        return
    assert between.stdin is not None
    sys.stderr.flush()
    os.dup2(between.stdin.fileno(), 2)
    between.stdin.close()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        with suppress(subprocess.TimeoutExpired):
            between.wait(timeout=5)
