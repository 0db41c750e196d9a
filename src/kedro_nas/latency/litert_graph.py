"""Writes LiteRT files operator by operator, without TensorFlow, in milliseconds.

The format is that of the runtime's own schema. Weights are random: they do not change
the time of an operator.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from kedro_nas.errors import ExportError

_SAME, _RELU = 0, 1  # of the schema's Padding and ActivationFunctionType
_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3
# Weights repeat after 16 KB, so that a folder of files is small as a zip file.
_TILE = 4_096


class TensorRef(NamedTuple):
    """A tensor of the file: its number and its shape, batch axis included."""

    number: int
    shape: tuple[int, ...]


class LitertGraph:
    """A file that is written one operator at a time.

    Args:
        shape: Shape of the input, batch axis included.

    Raises:
        ExportError: The runtime, whose package has the schema, is not installed.
    """

    def __init__(self, *shape: int) -> None:
        try:
            from ai_edge_litert import schema_py_generated as schema
        except ImportError as error:
            raise ExportError(
                "LiteRT files of single operators cannot be written",
                received="no package ai_edge_litert",
                allowed="the extra litert",
                remedy="Run pip install 'kedro-nas[litert]'",
            ) from error
        self._schema = schema
        self._rng = np.random.default_rng(0)
        self._buffers: list[Any] = [schema.BufferT()]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[int] = []
        self.input = self._tensor(shape)

    def kernel(self, *shape: int, fan_in: int) -> TensorRef:
        """Add weights that keep the size of values from layer to layer.

        Values that vanish or overflow would take other times.

        Source: He et al. (2015), https://arxiv.org/abs/1502.01852.
        """
        scale = math.sqrt(2 / fan_in)
        values = self._rng.normal(size=min(math.prod(shape), _TILE), scale=scale)
        return self._tensor(shape, np.resize(values.astype(np.float32), shape))

    def constant(self, *shape: int, around: float = 0.0) -> TensorRef:
        """Add numbers near to one that is given."""
        values = self._rng.uniform(around - 0.1, around + 0.1, shape)
        return self._tensor(shape, values.astype(np.float32))

    def integers(self, *values: int) -> TensorRef:
        """Add a list of whole numbers, e.g. axes."""
        return self._tensor((len(values),), np.array(values, np.int32))

    def apply(
        self,
        name: str,
        inputs: list[TensorRef],
        shape: tuple[int, ...],
        options: str = "",
        **values: Any,
    ) -> TensorRef:
        """Add an operator and return its output.

        Args:
            name: Name in the schema's `BuiltinOperator`.
            inputs: Its inputs.
            shape: Shape of its output, batch axis included.
            options: Name of its options, such as `Conv2DOptions`; empty for none.
            values: Values of the options.
        """
        schema = self._schema
        code = getattr(schema.BuiltinOperator, name)
        if code not in self._codes:
            self._codes.append(code)
        out = self._tensor(shape)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs = np.array([one.number for one in inputs], np.int32)
        operator.outputs = np.array([out.number], np.int32)
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for key, value in values.items():
                setattr(operator.builtinOptions, key, value)
        self._operators.append(operator)
        return out

    def pack(self, output: TensorRef) -> bytes:
        """Return the content of the file.

        Args:
            output: The tensor that the file gives.
        """
        import flatbuffers

        schema = self._schema
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs = np.array([self.input.number], np.int32)
        graph.outputs = np.array([output.number], np.int32)
        model = schema.ModelT()
        model.version = _SCHEMA_VERSION
        model.operatorCodes = [self._code(one) for one in self._codes]
        model.subgraphs, model.buffers = [graph], self._buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def _code(self, code: int) -> Any:
        made = self._schema.OperatorCodeT()
        made.builtinCode = code
        made.deprecatedBuiltinCode = min(code, 127)
        return made

    def _tensor(self, shape: tuple[int, ...], values: Any = None) -> TensorRef:
        schema = self._schema
        tensor = schema.TensorT()
        tensor.shape = np.array(shape, np.int32)
        tensor.name = f"t{len(self._tensors)}"
        tensor.hasRank = True
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            self._buffers.append(buffer)
            tensor.buffer = len(self._buffers) - 1
            if values.dtype == np.int32:
                tensor.type = schema.TensorType.INT32
        self._tensors.append(tensor)
        return TensorRef(len(self._tensors) - 1, tuple(shape))

    # --- operators as LiteRT writes them ------------------------------------------
    def conv(self, x: TensorRef, filters: int, kernel: int, stride: int) -> TensorRef:
        """Convolve with bias and ReLU."""
        channels = x.shape[-1]
        fan_in = kernel * kernel * channels
        weights = self.kernel(filters, kernel, kernel, channels, fan_in=fan_in)
        return self._convolve("CONV_2D", x, weights, filters, stride, "Conv2DOptions")

    def depthwise(self, x: TensorRef, kernel: int, stride: int) -> TensorRef:
        """Convolve each channel, with bias and ReLU."""
        channels = x.shape[-1]
        weights = self.kernel(1, kernel, kernel, channels, fan_in=kernel * kernel)
        return self._convolve(
            "DEPTHWISE_CONV_2D",
            x,
            weights,
            channels,
            stride,
            "DepthwiseConv2DOptions",
            depthMultiplier=1,
        )

    def _convolve(
        self,
        name: str,
        x: TensorRef,
        weights: TensorRef,
        filters: int,
        stride: int,
        options: str,
        **values: Any,
    ) -> TensorRef:
        _, height, width, _ = x.shape
        return self.apply(
            name,
            [x, weights, self.constant(filters)],
            (1, -(-height // stride), -(-width // stride), filters),
            options,
            padding=_SAME,
            strideH=stride,
            strideW=stride,
            fusedActivationFunction=_RELU,
            **values,
        )

    def dense(self, x: TensorRef, units: int) -> TensorRef:
        """Apply a dense layer with bias to the last axis."""
        weights = self.kernel(units, x.shape[-1], fan_in=x.shape[-1])
        return self.apply(
            "FULLY_CONNECTED",
            [x, weights, self.constant(units)],
            (*x.shape[:-1], units),
            "FullyConnectedOptions",
            keepNumDims=len(x.shape) > 2,
        )

    def binary(
        self, name: str, x: TensorRef, y: TensorRef, *, relu: bool = False
    ) -> TensorRef:
        """Apply `ADD`, `MUL` or `SQUARED_DIFFERENCE` to two tensors."""
        shape = np.broadcast_shapes(x.shape, y.shape)
        options = {"ADD": "AddOptions", "MUL": "MulOptions"}.get(name, "")
        values = {"fusedActivationFunction": _RELU} if relu else {}
        return self.apply(name, [x, y], shape, options, **values)

    def unary(self, name: str, x: TensorRef) -> TensorRef:
        """Apply a function to each value."""
        options = {"SOFTMAX": "SoftmaxOptions", "GELU": "GeluOptions"}.get(name, "")
        values = {"beta": 1.0} if name == "SOFTMAX" else {}
        return self.apply(name, [x], x.shape, options, **values)

    def reduce(
        self, name: str, x: TensorRef, *axes: int, keep: bool = True
    ) -> TensorRef:
        """Apply `MEAN` or `REDUCE_MAX` over some axes."""
        places = {axis % len(x.shape) for axis in axes}
        shape = tuple(
            1 if place in places else size
            for place, size in enumerate(x.shape)
            if keep or place not in places
        )
        inputs = [x, self.integers(*sorted(places))]
        return self.apply(name, inputs, shape, "ReducerOptions", keepDims=keep)

    def pool(self, name: str, x: TensorRef, size: int) -> TensorRef:
        """Apply `MAX_POOL_2D` or `AVERAGE_POOL_2D`."""
        _, height, width, channels = x.shape
        return self.apply(
            name,
            [x],
            (1, -(-height // size), -(-width // size), channels),
            "Pool2DOptions",
            padding=_SAME,
            strideH=size,
            strideW=size,
            filterHeight=size,
            filterWidth=size,
        )

    def reshape(self, x: TensorRef, *shape: int) -> TensorRef:
        """Give the same values another shape."""
        inputs = [x, self.integers(*shape)]
        return self.apply(
            "RESHAPE",
            inputs,
            shape,
            "ReshapeOptions",
            newShape=np.array(shape, np.int32),
        )

    def transpose(self, x: TensorRef, *order: int) -> TensorRef:
        """Permute the axes."""
        shape = tuple(x.shape[axis] for axis in order)
        return self.apply(
            "TRANSPOSE", [x, self.integers(*order)], shape, "TransposeOptions"
        )

    def matmul(self, x: TensorRef, y: TensorRef) -> TensorRef:
        """Multiply the matrices of the last two axes."""
        shape = (*x.shape[:-1], y.shape[-1])
        return self.apply("BATCH_MATMUL", [x, y], shape, "BatchMatMulOptions")

    def concatenate(self, *parts: TensorRef) -> TensorRef:
        """Join tensors along their last axis."""
        shape = (*parts[0].shape[:-1], sum(one.shape[-1] for one in parts))
        return self.apply(
            "CONCATENATION",
            list(parts),
            shape,
            "ConcatenationOptions",
            axis=len(shape) - 1,
        )
