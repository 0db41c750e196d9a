"""TrivialAugment: one random operation per image, at a random strength.

Geometric operations are one resampling with a transform per image; colour operations
are a few passes over the batch. All are computed and one is selected: on small images
that costs less than branching, and the graph has no data-dependent shape.

Source: Müller & Hutter (2021), TrivialAugment, https://arxiv.org/abs/2103.10158, the
wide ranges. Of its fourteen operations equalize and sharpness are left out: they need
histograms and convolutions per image.
"""

from __future__ import annotations

import math
from typing import Any

from kedro_nas.training.drawing import draw, resample, sub_seed

GEOMETRY = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
COLOUR = (
    *("brightness", "contrast", "saturation"),
    *("posterize", "solarize", "autocontrast"),
)
OPERATIONS = ("identity", *GEOMETRY, *COLOUR)
MAX_SHEAR = 0.99
MAX_TRANSLATION = 1 / 8  # of the side; the paper's 32 pixels leave nothing of a 32x32
MAX_ROTATION = math.radians(135)
MAX_COLOUR = 0.99
MIN_BITS = 2


def trivial_augment(
    pixels: Any, seed: Any, shape: tuple[int, int, int], *, flip: bool, max_shift: int
) -> Any:
    """Shift each image, mirror half of them, and apply one random operation to each.

    Args:
        pixels: float32 `(batch, height, width, channels)` in 0 to 255.
        seed: int32 `(2,)`.
        shape: Height, width, channels.
        flip: Whether to mirror.
        max_shift: Largest shift in pixels, in both directions and for all images; the
            authors shift and mirror before their operation, too.

    Returns:
        Pixels of the same shape and range.
    """
    import tensorflow as tf

    n = tf.shape(pixels)[0]
    operation = tf.random.stateless_uniform(
        [n], sub_seed(seed, 21), 0, len(OPERATIONS), tf.int32
    )
    strength = draw(seed, 22, [n], -1.0, 1.0)
    side = draw(seed, 23, [n], -1.0, 1.0)
    mirror = tf.where(side < 0, -1.0, 1.0) if flip else tf.ones([n])
    shifts = tf.round(draw(seed, 24, [2, n], -1.0, 1.0) * (max_shift + 0.499))
    pixels = _move(pixels, operation, strength, mirror, shifts, shape)
    return _recolour(pixels, operation, strength)


def _move(
    pixels: Any,
    operation: Any,
    strength: Any,
    mirror: Any,
    shifts: Any,
    shape: tuple[int, int, int],
) -> Any:
    import tensorflow as tf

    height, width, _ = shape
    zero = tf.zeros_like(strength)

    def amount(name: str, largest: float) -> Any:
        chosen = tf.equal(operation, OPERATIONS.index(name))
        return tf.where(chosen, strength * largest, zero)

    angle = amount("rotate", MAX_ROTATION)
    cos, sin = tf.cos(angle), tf.sin(angle)
    # only one of these is not the identity
    a0, a1 = cos * mirror, amount("shear_x", MAX_SHEAR) - sin
    b0, b1 = (amount("shear_y", MAX_SHEAR) + sin) * mirror, cos
    dx = tf.round(amount("translate_x", MAX_TRANSLATION * width)) + shifts[0]
    dy = tf.round(amount("translate_y", MAX_TRANSLATION * height)) + shifts[1]
    return resample(
        pixels,
        ((a0, a1), (b0, b1)),
        (dx, dy),
        shape,
        interpolation="BILINEAR",
        mirrors_border=True,
    )


def _recolour(pixels: Any, operation: Any, strength: Any) -> Any:
    """Apply the operations on colours.

    Four of them are sums of the pixel, its grey value and a constant, with factors that
    differ between images: one pass over the batch instead of one for each, which took
    three quarters of the whole augmentation.
    """
    import tensorflow as tf

    def chosen(name: str) -> Any:
        return tf.equal(operation, OPERATIONS.index(name))[:, None, None, None]

    factor = (1 + MAX_COLOUR * strength)[:, None, None, None]
    share = tf.abs(strength)[:, None, None, None]
    grey = tf.reduce_mean(pixels, axis=3, keepdims=True)
    mean = tf.reduce_mean(grey, axis=[1, 2], keepdims=True)
    low = tf.reduce_min(pixels, axis=[1, 2], keepdims=True)
    high = tf.reduce_max(pixels, axis=[1, 2], keepdims=True)
    stretch = 255 / tf.maximum(high - low, 1.0)
    contrast, saturation = chosen("contrast"), chosen("saturation")
    scaled = chosen("brightness") | contrast | saturation
    own = tf.where(scaled, factor, tf.where(chosen("autocontrast"), stretch, 1.0))
    of_grey = tf.where(saturation, 1 - factor, 0.0)
    constant = tf.where(contrast, mean * (1 - factor), 0.0)
    constant = tf.where(chosen("autocontrast"), -low * stretch, constant)
    pixels = own * pixels + (of_grey * grey + constant)
    # 8 bits at strength 0 down to 2; a step of 1 would round what is left as it is
    step = 2.0 ** tf.round(share * (8 - MIN_BITS))
    coarse = tf.floor(pixels / step) * step
    pixels = tf.where(chosen("posterize"), coarse, pixels)
    limit = tf.where(chosen("solarize"), 256 * (1 - share), 1e9)
    pixels = tf.where(pixels >= limit, 255 - pixels, pixels)
    return tf.clip_by_value(pixels, 0.0, 255.0)
