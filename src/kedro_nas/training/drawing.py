"""Building blocks of all augmentations: seeded draws, and resampling of a batch."""

from __future__ import annotations

from typing import Any


def draw(seed: Any, stream: int, shape: list[Any], low: Any, high: Any) -> Any:
    """Draw uniformly in [low, high), float32; stateless, so a step can be repeated.

    Args:
        seed: int32 `(2,)`, of the epoch and the step.
        stream: Number that distinguishes the draws of one step.
        shape: Shape of the result.
        low: Lower end, included.
        high: Upper end, excluded.
    """
    import tensorflow as tf

    return tf.random.stateless_uniform(shape, sub_seed(seed, stream), low, high)


def sub_seed(seed: Any, stream: int) -> Any:
    """Return the seed, int32 `(2,)`, of one stream of a step."""
    import tensorflow as tf

    return tf.stack([seed[0] + stream, seed[1]])


def resample(
    pixels: Any,
    rows: tuple[tuple[Any, Any], tuple[Any, Any]],
    shift: tuple[Any, Any],
    shape: tuple[int, int, int],
    *,
    interpolation: str,
    mirrors_border: bool = False,
) -> Any:
    """Move the pixels of each image, in one kernel on CPU and GPU.

    Args:
        pixels: float32 `(batch, height, width, channels)`.
        rows: The matrix from output (x, y) to input about the centre, a tensor of one
            number per image in each of its four places.
        shift: dx and dy in pixels, one number per image.
        shape: Height, width, channels.
        interpolation: `NEAREST` or `BILINEAR`.
        mirrors_border: Whether pixels from outside the image are reflected at its
            border; else they are 0.

    Returns:
        Pixels of the same shape.
    """
    import tensorflow as tf

    height, width, _ = shape
    (a0, a1), (b0, b1) = rows
    cy, cx = (height - 1) / 2, (width - 1) / 2
    a2 = cx - a0 * cx - a1 * cy + shift[0]
    b2 = cy - b0 * cx - b1 * cy + shift[1]
    zero = tf.zeros_like(a2)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels,
        transforms=tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1),
        output_shape=tf.constant([height, width]),
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode="REFLECT" if mirrors_border else "CONSTANT",
    )
