"""Configures TensorFlow in a worker, before its first operation."""

from __future__ import annotations


def prepare_device(threads: int) -> None:
    """Set threads, memory, determinism and graph rewriting; once per process.

    Args:
        threads: Intra-op threads on CPU, at least 1.
    """
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
