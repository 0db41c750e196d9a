"""Weight gradients of convolutions over small maps as matrix products, in bfloat16.

TensorFlow's kernel for them spends its time on the weights and not on the positions:
for 128 to 256 channels from 7 x 7 to 4 x 4 it took 3.7 ms, nine products of matrices
take 1.2 ms, and with twice the channels 19 and 3.1 ms. Over 8 x 8 positions both are
equally fast, over larger maps the kernel wins. benchmarks/half_precision.py has whole
steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from kedro_nas.training.layer_lists import layers_of

KERNEL = (3, 3)
MAX_POSITIONS = 49  # 7 x 7
MIN_CHANNELS = 32


@contextmanager
def matrix_weight_gradients(model: Any) -> Iterator[None]:
    """Use matrix products in graphs that are traced within the block.

    Args:
        model: A built `keras.Model`; only convolutions in bfloat16 that the products
            are faster for are changed. Outputs are the same, gradients nearly so.
    """
    layers = [layer for layer in layers_of(model) if _is_small(layer)]
    for layer in layers:
        layer.call = partial(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _is_small(layer: Any) -> bool:
    import keras

    if type(layer) is not keras.layers.Conv2D or layer.compute_dtype != "bfloat16":
        return False
    is_plain = (
        layer.kernel_size == KERNEL
        and layer.strides in ((1, 1), (2, 2))
        and layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and layer.padding in ("same", "valid")
    )
    if not is_plain or layer.kernel.shape[2] < MIN_CHANNELS:
        return False
    height, width = layer.output.shape[1:3]
    return None not in (height, width) and height * width <= MAX_POSITIONS


def _call(layer: Any, inputs: Any) -> Any:
    outputs = convolve(
        inputs, layer.kernel.value, stride=layer.strides[0], padding=layer.padding
    )
    if layer.use_bias:
        outputs += layer.bias.value
    return layer.activation(outputs)


def convolve(inputs: Any, kernel: Any, *, stride: int, padding: str) -> Any:
    """Return a 3 x 3 convolution whose weight gradient is made of matrix products.

    Args:
        inputs: Shape `(n, height, width, channels)`, all but `n` known.
        kernel: Shape `(3, 3, channels, filters)`, of the same dtype.
        stride: 1 or 2.
        padding: `same` or `valid`.
    """
    import tensorflow as tf

    strides, how = [1, stride, stride, 1], padding.upper()

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolution(x: Any, weights: Any) -> Any:
        outputs = tf.nn.conv2d(x, weights, strides, how)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            by_input = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x),
                filter=weights,
                out_backprop=upstream,
                strides=strides,
                padding=how,
            )
            return by_input, _weight_gradient(x, upstream, stride, padding)

        return outputs, gradients

    return convolution(inputs, kernel)


def _weight_gradient(x: Any, upstream: Any, stride: int, padding: str) -> Any:
    """Return the gradient, a product of matrices for each place in the kernel."""
    import tensorflow as tf

    channels, filters = x.shape[3], upstream.shape[3]
    rows, columns = upstream.shape[1:3]
    by_height = _padding(x.shape[1], rows, stride, padding)
    by_width = _padding(x.shape[2], columns, stride, padding)
    padded = tf.pad(x, [[0, 0], by_height, by_width, [0, 0]])
    # every other row and column, as slices with steps are slow
    high, wide = padded.shape[1] // stride, padded.shape[2] // stride
    parts = tf.reshape(padded, [-1, high, stride, wide, stride, channels])
    parts = tf.transpose(parts, [2, 4, 0, 1, 3, 5])
    right = tf.reshape(upstream, [-1, filters])
    products = []
    for place in range(KERNEL[0] * KERNEL[1]):
        i, j = divmod(place, KERNEL[1])
        top, left = i // stride, j // stride
        seen = parts[i % stride, j % stride, :, top : top + rows, left : left + columns]
        flat = tf.reshape(seen, [-1, channels])
        products.append(tf.matmul(flat, right, transpose_a=True))
    return tf.reshape(tf.stack(products), [*KERNEL, channels, filters])


def _padding(size: int, n_out: int, stride: int, padding: str) -> list[int]:
    """Return zeros before and after, up to a size that the stride divides.

    >>> _padding(7, 4, 2, "same"), _padding(8, 4, 2, "same"), _padding(4, 4, 1, "same")
    ([1, 2], [0, 2], [1, 1])
    """
    needed = (n_out - 1) * stride + KERNEL[0]
    before = max(0, needed - size) // 2 if padding == "same" else 0
    total = -(-max(needed, before + size) // stride) * stride
    return [before, total - size - before]
