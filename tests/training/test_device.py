"""TensorFlow as a process that trains has it, read back in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from kedro_nas.training.device import prepare_device

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


IMPORTS = """
import sys
from kedro_nas.training.device import import_keras
import_keras()
before = {"sklearn", "pandas"} & sys.modules.keys()
import pandas
import sklearn
from keras import layers
print(sorted(before), pandas.__name__, sklearn.__name__, layers.__name__)
"""


@pytest.mark.slow
def test_import_keras_leaves_out_packages_that_can_be_imported_later() -> None:
    """A worker starts sooner, and a metric of a team may use either of them."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["[]", "pandas", "sklearn", "keras.layers"]


@pytest.mark.slow
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


def test_prepare_device_lets_the_memory_of_each_gpu_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two workers on one GPU find room, and its graphs are rewritten for it."""
    config = MagicMock()
    config.list_physical_devices.return_value = ["first", "second"]
    monkeypatch.setitem(sys.modules, "keras", MagicMock())
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))

    prepare_device(1)
    grown = config.experimental.set_memory_growth.call_args_list

    assert [(c.args, c.kwargs) for c in grown] == [
        (("first",), {"enable": True}),
        (("second",), {"enable": True}),
    ]
    config.optimizer.set_experimental_options.assert_not_called()
