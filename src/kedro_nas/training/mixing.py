"""Mixup and cutmix: training on mixtures of two images and their labels.

An image is mixed with its neighbour in the batch, whose order is random. The whole
batch uses one mixing share, as in the authors' code: a scalar is cheap in the graph.

Source: Zhang et al. (2018), mixup, https://arxiv.org/abs/1710.09412; Yun et al.
(2019), CutMix, https://arxiv.org/abs/1905.04899.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.training.drawing import draw, sub_seed

MIXINGS = ("mixup", "cutmix")
MIXUP_ALPHA = 0.2  # a of Beta(a, a): one image dominates in most mixtures
CUTMIX_PROBABILITY = 0.5  # of a batch; the paper's value for CIFAR

Mix = Callable[[Any, Any], tuple[Any, Any]]


def make_mixer(name: str, shape: tuple[int, int, int]) -> Mix | None:
    """Return the function that mixes a batch with itself, shifted by one.

    Args:
        name: An augmentation, e.g. `medium+flip+cutmix`.
        shape: Height, width and channels.

    Returns:
        None when the name has no mixing; else a function of pixels, float32 `(batch,
        height, width, channels)`, and a seed, int32 `(2,)`, that returns the mixed
        pixels and the share in [0, 1] of each image's own label; the rest belongs to
        the label before it, `tf.roll(labels, 1, 0)`.
    """
    kind = name.rpartition("+")[2]
    if kind not in MIXINGS:
        return None

    def mix(pixels: Any, seed: Any) -> tuple[Any, Any]:
        if kind == "mixup":
            return _mixup(pixels, seed)
        return _cutmix(pixels, seed, shape)

    return mix


def _mixup(pixels: Any, seed: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    parts = tf.random.stateless_gamma([2], sub_seed(seed, 31), alpha=MIXUP_ALPHA)
    # both can underflow to zero: then the image is not mixed
    share = tf.maximum(parts[0], 1e-30) / tf.maximum(tf.reduce_sum(parts), 1e-30)
    return share * pixels + (1 - share) * tf.roll(pixels, 1, 0), share


def _cutmix(pixels: Any, seed: Any, shape: tuple[int, int, int]) -> tuple[Any, Any]:
    import tensorflow as tf

    height, width, _ = shape
    drawn = draw(seed, 32, [4], 0.0, 1.0)
    used = tf.where(drawn[3] < CUTMIX_PROBABILITY, 1.0, 0.0)
    side = tf.sqrt(1 - drawn[0]) * used  # Beta(1, 1) is uniform
    ys = (tf.range(height, dtype=tf.float32) + 0.5) / height
    xs = (tf.range(width, dtype=tf.float32) + 0.5) / width
    rows = tf.abs(ys - drawn[1]) < side / 2
    columns = tf.abs(xs - drawn[2]) < side / 2
    inside = rows[:, None] & columns[None, :]
    # the share of pasted pixels: a box over the border is smaller than drawn
    share = 1 - tf.reduce_mean(tf.cast(inside, tf.float32))
    return tf.where(inside[None, :, :, None], tf.roll(pixels, 1, 0), pixels), share
