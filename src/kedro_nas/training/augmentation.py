"""Augmentation inside the training graph: seeded by the step, no state.

Strengths; each adds to the one above it:

* `none`: no augmentation;
* `light`: shifts by up to a 24th of the side, at least one pixel, with reflection
  padding;
* `medium`: shifts by up to an eighth, and cutout of a square of a quarter of the area,
  in half of the images;
* `strong`: rotation by up to 15 degrees, scale 0.85 to 1.15, random brightness and
  contrast;
* `trivial`: the shifts of `light`, then TrivialAugment (`training.trivial_augment`).

`flip` alone, or as a suffix `+flip`, adds horizontal flips. It is separate because a
mirrored image is not always of the same class: digits and letters change meaning. A
final suffix, `+mixup` or `+cutmix`, mixes images and labels (`training.mixing`).

Source: DeVries & Taylor (2017), https://arxiv.org/abs/1708.04552, for cutout; the
rest is standard practice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kedro_nas.errors import TrainingError
from kedro_nas.training.drawing import draw, resample
from kedro_nas.training.mixing import MIXINGS
from kedro_nas.training.trivial_augment import trivial_augment

STRENGTHS = ("none", "light", "medium", "strong", "trivial")
# Share of the side. Shifts gained candidate 0 from 0.6 to 2.4 points on 8,000
# Fashion-MNIST images (benchmarks/augmentation.py). A 16th gained 1.8 on CIFAR-10 in 12
# epochs, and lost 2.6 on Fashion-MNIST, whose images are centred.
LIGHT_SHIFT = 1 / 24
MIRRORED: tuple[str, ...] = ("light",)  # strengths whose shifts use reflection padding
SHIFT = 1 / 8
CUTOUT_SIDE = 0.5
MAX_ANGLE = math.radians(15)
MAX_SCALE = 0.15
MAX_CONTRAST = 0.25


def make_augmenter(
    name: str, shape: tuple[int, int, int]
) -> Callable[[Any, Any], Any] | None:
    """Return the function that augments a batch in the graph.

    Args:
        name: A strength, optionally with `+flip`; or `flip` alone; mixing, if any, is
            left to `make_mixer`.
        shape: Height, width and channels.

    Returns:
        A function of pixels, float32 `(batch, height, width, channels)` in 0 to 255,
        and a seed, int32 `(2,)`; or None for `none`.

    Raises:
        TrainingError: An unknown name.
    """
    words = [word for word in name.split("+") if word not in MIXINGS]
    full = "+".join(["none", *words] if words[:1] in ([], ["flip"]) else words)
    strength, _, suffix = full.partition("+")
    if strength not in STRENGTHS or suffix not in ("", "flip"):
        raise TrainingError(
            "unknown augmentation",
            received=name,
            allowed=", ".join(STRENGTHS) + ", each also with +flip, +mixup, +cutmix",
            remedy="Correct nas.search_space's choices for augmentation",
        )
    level = STRENGTHS.index(strength)
    flip = suffix == "flip"
    if level == 0 and not flip:
        return None

    def augment(pixels: Any, seed: Any) -> Any:
        if strength == "trivial":
            reach = _reach(LIGHT_SHIFT, min(shape[:2]))
            return trivial_augment(pixels, seed, shape, flip=flip, max_shift=reach)
        pixels = _move(pixels, seed, shape, level=level, flip=flip)
        if level >= STRENGTHS.index("strong"):
            pixels = _recolour(pixels, seed)
        if level >= STRENGTHS.index("medium"):
            pixels = _cut_out(pixels, seed, shape)
        return pixels

    return augment


def _move(
    pixels: Any, seed: Any, shape: tuple[int, int, int], *, level: int, flip: bool
) -> Any:
    """Flip, shift, rotate and scale in one resampling."""
    import tensorflow as tf

    height, width, _ = shape
    n = tf.shape(pixels)[0]
    strong = level >= STRENGTHS.index("strong")
    # whole pixels: only rotation needs interpolation, which blurs
    dy = _shift(draw(seed, 1, [n], -1.0, 1.0), level, height)
    dx = _shift(draw(seed, 2, [n], -1.0, 1.0), level, width)
    angle = draw(seed, 3, [n], -MAX_ANGLE, MAX_ANGLE) if strong else tf.zeros([n])
    scale = draw(seed, 4, [n], 1 - MAX_SCALE, 1 + MAX_SCALE) if strong else tf.ones([n])
    mirror = tf.sign(draw(seed, 5, [n], -1.0, 1.0) + 1e-9) if flip else tf.ones([n])
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    return resample(
        pixels,
        ((cos * mirror, -sin), (sin * mirror, cos)),
        (dx, dy),
        shape,
        interpolation="BILINEAR" if strong else "NEAREST",
        mirrors_border=STRENGTHS[level] in MIRRORED,
    )


def _shift(share: Any, level: int, side: int) -> Any:
    """Map a draw in [-1, 1) to whole pixels, all shifts equally likely."""
    import tensorflow as tf

    if level == 0:
        return tf.zeros_like(share)
    reach = _reach(LIGHT_SHIFT if level == 1 else SHIFT, side)
    return tf.round(share * (reach + 0.499))


def _reach(share: float, side: int) -> int:
    """Return the largest shift in pixels, at least one."""
    return max(1, round(share * side))


def _recolour(pixels: Any, seed: Any) -> Any:
    import tensorflow as tf

    n = tf.shape(pixels)[0]
    contrast = draw(seed, 6, [n, 1, 1, 1], 1 - MAX_CONTRAST, 1 + MAX_CONTRAST)
    brightness = draw(seed, 7, [n, 1, 1, 1], -MAX_CONTRAST, MAX_CONTRAST)
    mean = tf.reduce_mean(pixels, axis=[1, 2, 3], keepdims=True)
    moved = (pixels - mean) * contrast + mean + brightness * mean
    return tf.clip_by_value(moved, 0.0, 255.0)


def _cut_out(pixels: Any, seed: Any, shape: tuple[int, int, int]) -> Any:
    import tensorflow as tf

    height, width, _ = shape
    n = tf.shape(pixels)[0]
    used = draw(seed, 8, [n, 1, 1], 0.0, 1.0) < 0.5
    cy = draw(seed, 9, [n, 1, 1], 0.0, float(height))
    cx = draw(seed, 10, [n, 1, 1], 0.0, float(width))
    ys = tf.range(height, dtype=tf.float32)[None, :, None]
    xs = tf.range(width, dtype=tf.float32)[None, None, :]
    inside = (tf.abs(ys - cy) < CUTOUT_SIDE * height / 2) & (
        tf.abs(xs - cx) < CUTOUT_SIDE * width / 2
    )
    mean = tf.reduce_mean(pixels, axis=[1, 2], keepdims=True)
    return tf.where((inside & used)[..., None], mean, pixels)
