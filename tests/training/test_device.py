"""TensorFlow as a process that trains has it, read back in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import json
from kedro_nas.training.device import prepare_device
prepare_device(2)
import tensorflow as tf
from tensorflow.python.framework import config
options = tf.config.optimizer.get_experimental_options()
print(json.dumps({
    "threads": tf.config.threading.get_intra_op_parallelism_threads(),
    "deterministic": config.is_op_determinism_enabled(),
    "rewrites": not options.get("disable_meta_optimizer", False),
}))
"""


def test_prepare_device_on_a_cpu() -> None:
    """Given threads, deterministic operations, and no graph rewriting without a GPU."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == {
        "threads": 2,
        "deterministic": True,
        "rewrites": False,
    }
