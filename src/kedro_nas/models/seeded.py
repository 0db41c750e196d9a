"""Reproducible initial weights in layers whose initialisers take no seed from us."""

from __future__ import annotations

import random  # noqa: TID251 - Keras draws its default seeds from this module
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded_layers(seed: int | None) -> Iterator[None]:
    """Let Keras layers made inside draw their default seeds from one seed.

    Keras takes the seed of an unseeded initialiser or dropout from Python's global
    generator. Its state is put back afterwards, so nothing outside notices.

    Args:
        seed: Any integer; None leaves everything to Keras.
    """
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
