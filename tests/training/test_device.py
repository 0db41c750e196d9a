"""TensorFlow as a process that trains has it, read back in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
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
from pathlib import Path
from kedro_nas.data.store import ImageStore
from kedro_nas.training.unit import Unit
store = ImageStore.open(Path(sys.argv[1]))
store.labels, store.folds, store.rows("train")
before = {"sklearn", "pandas", "scipy.stats"} & sys.modules.keys()
import pandas
import sklearn
from keras import layers
print(sorted(before), pandas.__name__, sklearn.__name__, layers.__name__)
"""


@pytest.mark.slow
def test_worker_imports_neither_scikit_learn_nor_pandas_unless_they_are_used(
    store_folder: Path,
) -> None:
    """It starts sooner, and a metric of a team may import either of them later."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(store_folder)],
        capture_output=True,
        text=True,
        check=True,
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
