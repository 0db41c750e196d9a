"""Configures TensorFlow in a worker, before its first operation."""

from __future__ import annotations

import sys

# Keras imports them if they are installed, for wrappers and tables that no training
# uses: 5.2 processor seconds instead of 3.9
_NOT_NEEDED = ("sklearn", "pandas")


def import_keras() -> None:
    """Import Keras and TensorFlow without scikit-learn and pandas.

    Both can be imported afterwards. Only for processes of this package: in others
    somebody may want `keras.wrappers`, which need scikit-learn.
    """
    left_out = [name for name in _NOT_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    try:
        import keras  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]


def prepare_device(threads: int) -> None:
    """Set threads, memory, determinism and graph rewriting; once per process.

    Args:
        threads: Intra-op threads on CPU, at least 1.
    """
    import_keras()
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, enable=True)
    if not gpus:
        # Grappler rewrites graphs for GPUs; on a CPU that costs more than it saves
        # (measured by benchmarks/graphs.py)
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.config.experimental.enable_op_determinism()
    # every random op has its own seed; op determinism demands a global one as well
    keras.utils.set_random_seed(0)
