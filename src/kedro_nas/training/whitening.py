"""Whitening filters as initial values of the first convolution.

Neighbouring pixels are nearly equal, so random filters all respond mainly to
brightness. Filters along the principal directions of the training images' patches, each
scaled to unit variance and taken with both signs, give the network the same information
in uncorrelated channels. They are initial values and trained like all other weights.

Validation accuracy of candidate 0 without and with them, one seed, 8,000 images: in 12
epochs 0.622 and 0.638 on CIFAR-10, 0.905 and 0.913 on Fashion-MNIST; with other stems
on CIFAR-10 in 2 epochs: width 4 0.451 and 0.451, width 8 0.479 and 0.501, width 16
0.470 and 0.535, width 48 of 5 x 5 0.471 and 0.573. benchmarks/recipe.py repeats it.

Source: Jordan (2024), 94% on CIFAR-10 in 3.29 seconds on a single GPU,
    https://arxiv.org/abs/2404.00498, section 3.2, where the filters are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.models.build import normalisation
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.selection import select_rows

MIN_VARIANCE = 5e-4  # the paper's; added to bound the amplification of noise
MAX_PATCHES = 500_000  # takes 0.1 to 0.2 s; far more patches than directions
_PATCHES_AT_ONCE = 50_000
_STEM = "stem_conv1"
_known: dict[tuple[str, ...], NDArray[np.float32]] = {}


def whiten_stem(
    model: Any,
    architecture: Architecture,
    store: ImageStore,
    rows: str,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    on_progress: Callable[[], None] = lambda: None,
) -> None:
    """Initialise the first convolution of a new model with whitening filters.

    Directions of the largest variance come first, each with both signs, until
    directions or filters run out; further filters stay random. Networks with a first
    layer of their own, pretrained and custom ones, are not changed.

    Args:
        model: Built from the architecture; its weights are changed.
        architecture: What it was built from.
        store: The images.
        rows: As in `Task.rows`; the rows to train on count.
        mean: Per channel, of the training rows, in 0 to 255.
        std: Per channel, of the training rows, in 0 to 255.
        on_progress: Called after each piece that is read.
    """
    side = architecture.stem.kernel_size
    has_stem = not (architecture.backbone or architecture.custom_model)
    if not has_stem or side > min(architecture.input_shape[:2]):
        return
    key = (str(store.path), store.fingerprint, rows, str(side))
    if key not in _known:
        blocks = _blocks(store, select_rows(store, rows)[0], on_progress)
        _known[key] = whitening_filters(blocks, side, mean=mean, std=std)
    filters = _known[key]
    pairs = min(architecture.stem.width // 2, filters.shape[-1])
    kernel = model.get_layer(_STEM).kernel
    values = np.array(kernel)
    values[..., :pairs] = filters[..., :pairs]
    values[..., pairs : 2 * pairs] = -filters[..., :pairs]
    kernel.assign(values)


def whitening_filters(
    blocks: Iterable[NDArray[np.uint8]],
    side: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> NDArray[np.float32]:
    """Return filters whose outputs on normalised images are uncorrelated.

    Args:
        blocks: Images, uint8 `(n, height, width, channels)`, a block at a time.
        side: Of the square filters.
        mean: Per channel, in 0 to 255.
        std: Per channel, in 0 to 255.

    Returns:
        float32 `(side, side, channels, side * side * channels)`: one filter per
        direction, by decreasing variance; its outputs have variance 1, less where a
        direction has almost none.
    """
    scaling = normalisation(len(mean), mean, std)
    n_values = side * side * len(mean)
    moments, count = np.zeros((n_values, n_values)), 0
    for block in blocks:
        images = block * np.array(scaling["scale"]) + np.array(scaling["offset"])
        windows = sliding_window_view(images, (side, side), axis=(1, 2))
        patches = np.moveaxis(windows, 3, -1).reshape(-1, n_values)
        moments += patches.T @ patches
        count += len(patches)
    variances, directions = np.linalg.eigh(moments / count)
    variances, directions = variances[::-1], directions[:, ::-1]
    # the sign of an eigenvector depends on the solver; results must not
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(n_values)])
    filters = directions / np.sqrt(np.maximum(variances, 0) + MIN_VARIANCE)
    shaped = filters.reshape(side, side, len(mean), n_values)
    return np.asarray(shaped, np.float32)


def _blocks(
    store: ImageStore, rows: NDArray[np.int64], on_progress: Callable[[], None]
) -> Iterator[NDArray[np.uint8]]:
    """Yield images spread evenly over the rows, independent of the seed."""
    height, width, _ = store.image_shape
    n = min(len(rows), max(16, MAX_PATCHES // (height * width)))
    chosen = rows[np.arange(n) * len(rows) // n]
    at_once = max(1, _PATCHES_AT_ONCE // (height * width))
    for i in range(0, n, at_once):
        yield np.asarray(store.pixels[chosen[i : i + at_once]])
        on_progress()
