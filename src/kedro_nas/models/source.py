"""Readable Keras code of an architecture: the layer vocabulary interpreted as text.

The file needs no other file of this package, so that a network can be developed further
by hand. Its layers have the names of the built model's, so weights can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from kedro_nas.models.body_source import write_backbone, write_custom_model
from kedro_nas.models.build import normalisation
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.space.architecture import Architecture, Backbone, Stage
from kedro_nas.space.cost_meter import backbone_cost
from kedro_nas.space.costs import costs
from kedro_nas.space.formulas import Shape, block_output_shape, layer_cost
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.network import run_network
from kedro_nas.space.registry import Block, BlockArguments

_WIDTH = 88
_NAMES = "xyzwvu"
_LISTED_INPUTS = {"Add", "Multiply", "Concatenate"}
Literal = str | float | bool | Sequence[float] | None
"""A value that is written into the file as Python shows it."""
# defaults of Keras, which are left out
_DEFAULTS = {"strides": 1, "use_bias": True, "keepdims": False}
# arguments that are usually written by position, in the order of Keras
_POSITIONAL = frozenset(
    {
        "filters",
        "kernel_size",
        "units",
        "activation",
        "rate",
        "target_shape",
        "pool_size",
    }
)


@dataclass(frozen=True)
class _SourceValue:
    index: int
    shape: Shape


@dataclass(frozen=True)
class _Line:
    """One statement: a call made of words, applied to values, or a comment."""

    output: int
    inputs: tuple[int, ...]
    callee: str
    arguments: tuple[str, ...]
    applied: str
    comment: str = ""


class SourceLayers(LayerVocabulary):
    """The interpreter that writes source: tensors are numbered, layers are lines.

    Args:
        shape: Height, width, channels of the images.
        bn_momentum: Momentum of every BatchNormalization.
        comments: Comments above scopes of layers, by name of the scope.
    """

    def __init__(
        self, shape: Shape, *, bn_momentum: float, comments: dict[str, str]
    ) -> None:
        super().__init__()
        self._bn_momentum = bn_momentum
        self._comments = comments
        self._pending = ""
        self.input = _SourceValue(0, shape)
        self.lines: list[_Line] = []
        self.imports: list[str] = []

    def scope(self, name: str) -> AbstractContextManager[None]:
        """Name layers as in the built model, a comment above each outermost scope."""
        return self._commented(name)

    @contextmanager
    def _commented(self, name: str) -> Iterator[None]:
        if not self._scope:
            self._pending = self._comments.get(name, "")
        with self._within(name):
            yield

    def apply(self, layer: Layer, *inputs: _SourceValue) -> _SourceValue:
        """Write one layer."""
        config = dict(layer.config)
        if layer.kind == "BatchNormalization":
            config["momentum"] = self._bn_momentum
        arguments = _arguments({**config, "name": layer.name}, _POSITIONAL)
        shape = layer_cost(layer, [x.shape for x in inputs]).shape
        applied = "list" if layer.kind in _LISTED_INPUTS else "values"
        return self._write(shape, inputs, f"layers.{layer.kind}", arguments, applied)

    def backbone(self, backbone: Backbone, x: _SourceValue) -> _SourceValue:
        """Write a call of `backbone`, the function written beside `build_model`."""
        shape = backbone_cost(backbone, x.shape).shape
        return self._write(shape, (x,), "backbone", (), "first")

    def custom_block(
        self, block: Block, x: _SourceValue, arguments: BlockArguments
    ) -> _SourceValue:
        """Write the call of a custom block, which is imported from its module."""
        module, _, function = block.path.partition(":")
        self._name(block.name)
        statement = f"from {module} import {function}"
        if statement not in self.imports:
            self.imports.append(statement)
        shape = block_output_shape(x.shape, arguments)
        written = _arguments(arguments.as_keywords())
        return self._write(shape, (x,), function, written, "first")

    def shape(self, x: _SourceValue) -> Shape:
        """Return the shape of a value."""
        return x.shape

    def write(
        self,
        shape: Shape,
        x: _SourceValue,
        callee: str,
        arguments: Mapping[str, Literal],
    ) -> _SourceValue:
        """Write another layer, applied to one value."""
        return self._write(shape, (x,), callee, _arguments(arguments), "values")

    def _write(
        self,
        shape: Shape,
        inputs: Sequence[_SourceValue],
        callee: str,
        arguments: tuple[str, ...],
        applied: str,
    ) -> _SourceValue:
        output = _SourceValue(len(self.lines) + 1, shape)
        indices = tuple(x.index for x in inputs)
        self.lines.append(
            _Line(output.index, indices, callee, arguments, applied, self._pending)
        )
        self._pending = ""
        return output


def write_source(
    architecture: Architecture,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    bn_momentum: float = 0.9,
) -> str:
    """Return a stand-alone Python file that builds the model with plain Keras.

    Args:
        architecture: The network.
        mean: Mean of each channel, as given to `build_model`.
        std: Standard deviation of each channel, as given to `build_model`.
        bn_momentum: Momentum of BatchNorm, as given to `build_model`.

    Returns:
        The file's text, formatted; its `build_model()` returns a `keras.Model` with
        the layers, names and weight shapes of `build_model`. Only custom blocks and
        custom models are imported, from their packages.

    Raises:
        SearchSpaceError: A custom block cannot be imported, or has changed since.
    """
    register_blocks_of(architecture)
    if architecture.custom_model:
        return write_custom_model(architecture)
    layers = SourceLayers(
        architecture.input_shape,
        bn_momentum=bn_momentum,
        comments=_comments(architecture),
    )
    x = layers.input
    if architecture.backbone is None:
        scaling = normalisation(architecture.input_shape[-1], mean, std)
        x = layers.write(
            architecture.input_shape,
            x,
            "layers.Rescaling",
            {**scaling, "name": "normalisation"},
        )
    run_network(layers, architecture, x)
    return _file(architecture, layers)


def _file(architecture: Architecture, layers: SourceLayers) -> str:
    cost = costs(architecture)
    shape = "x".join(map(str, architecture.input_shape))
    used = "Input, Model, layers"
    if architecture.backbone:
        used = "Input, Model, applications, layers, models"
    imports = [f"from keras import {used}", *layers.imports]
    body, result = _statements(layers.lines)
    return "\n".join(
        [
            f'"""{architecture.describe()}.',
            "",
            f"Classifies {shape} images into {architecture.n_classes} classes with",
            f"{cost.params:,} parameters and {cost.macs:,} multiply-accumulates.",
            '"""',
            "",
            *imports,
            "",
            *write_backbone(architecture),
            "",
            "def build_model():",
            '    """Build the network: raw pixels 0-255 in, probabilities out."""',
            f'    pixels = Input({architecture.input_shape}, name="pixels")',
            *body,
            f'    return Model(pixels, {result}, name="network")',
            "",
            "",
            'if __name__ == "__main__":',
            "    build_model().summary()",
            "",
        ]
    )


def _statements(lines: Sequence[_Line]) -> tuple[list[str], str]:
    """Return the statements; a variable is reused after the last use of its value."""
    last_use = {source: line.output for line in lines for source in line.inputs}
    names = {0: "pixels"}
    free = list(_NAMES)
    text: list[str] = []
    for line in lines:
        values = [names[source] for source in line.inputs]
        dying = {s for s in line.inputs if last_use[s] == line.output and s}
        free = sorted({*free, *(names[s] for s in dying)}, key=_NAMES.index)
        names[line.output] = free.pop(0)
        if line.comment:
            text.extend(["", f"    # {line.comment}"])
        text.extend(_statement(names[line.output], line, values))
    return text, names[lines[-1].output]


def _statement(target: str, line: _Line, values: Sequence[str]) -> list[str]:
    joined = ", ".join(dict.fromkeys(values) if line.applied == "first" else values)
    arguments, tail = list(line.arguments), f"({joined})"
    if line.applied == "first":
        arguments, tail = [joined, *arguments], ""
    elif line.applied == "list":
        tail = f"([{joined}])"
    head = f"    {target} = {line.callee}("
    whole = f"{head}{', '.join(arguments)}){tail}"
    if len(whole) <= _WIDTH:
        return [whole]
    inner = f"        {', '.join(arguments)}"
    if len(inner) <= _WIDTH:
        return [head, inner, f"    ){tail}"]
    return [head, *(f"        {part}," for part in arguments), f"    ){tail}"]


def _arguments(
    config: Mapping[str, Literal], positional: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    return tuple(
        ("" if name in positional else f"{name}=") + _literal(value)
        for name, value in config.items()
        if name not in _DEFAULTS or value != _DEFAULTS[name]
    )


def _literal(value: Literal) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _comments(architecture: Architecture) -> dict[str, str]:
    stem, head = architecture.stem, architecture.head
    comments = {
        "stem": f"Stem: {stem.width} channels, {_square(stem.kernel_size)}, "
        f"stride {stem.stride}",
        "head": f"Head: {head.pooling} pooling, {architecture.n_classes} classes",
    }
    for number, stage in enumerate(architecture.stages, start=1):
        for index in range(stage.depth):
            comments[f"stage{number}_block{index + 1}"] = (
                f"Stage {number}, block {index + 1} of {stage.depth}: "
                + _block(stage, stage.stride if index == 0 else 1)
            )
        comments[f"stage{number}"] = f"End of stage {number}"
    return comments


def _block(stage: Stage, stride: int) -> str:
    attention = "" if stage.attention == "none" else f" with {stage.attention}"
    return (
        f"{stage.block}{attention}, {stage.width} channels, "
        f"{_square(stage.kernel_size)}, stride {stride}"
    )


def _square(side: int) -> str:
    return f"{side}x{side}"
