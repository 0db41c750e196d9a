"""Random streams, one per consumer, derived from one root seed.

A stream depends only on the root seed and the names of its consumer, not on what other
consumers have drawn. So a search gives the same result for any number of workers, and
after any interruption.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(root: int, *names: str | int) -> int:
    """Derive the seed of one consumer.

    Args:
        root: The root seed, `params:nas.seed`, any integer.
        names: Identify the consumer, e.g. `"trial", key, epoch`.

    Returns:
        A seed in [0, 2**31), accepted by NumPy, Keras and TensorFlow alike.

    >>> derive_seed(0, "search", 3) == derive_seed(0, "search", 3)
    True
    >>> derive_seed(0, "search", 3) == derive_seed(0, "search", 4)
    False
    """
    text = "\x1f".join(str(part) for part in (root, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def generator(root: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of one consumer; see `derive_seed`."""
    return np.random.default_rng(derive_seed(root, *names))
