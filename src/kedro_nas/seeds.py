"""One root seed, and a stream of its own for each consumer.

A stream depends on the root seed and on the names of its consumer only, never on
how much another consumer has drawn: so a search gives the same result whatever the
number of workers, and wherever it was interrupted.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(root: int, *names: str | int) -> int:
    """Derive the seed of one consumer.

    Args:
        root: The root seed, `params:nas.seed`, any integer.
        names: What names the consumer, e.g. `"trial", key, epoch`.

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
    """Make the random generator of one consumer; see `derive_seed`."""
    return np.random.default_rng(derive_seed(root, *names))
