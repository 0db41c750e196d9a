"""The layers of an architecture, stem, stages and head, for any interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.errors import KedroNasError, SearchSpaceError
from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.space.layers import LayerVocabulary
from kedro_nas.space.registry import BlockArguments, find_attention, find_block


def run_network(layers: LayerVocabulary, architecture: Architecture, x: Any) -> Any:
    """Run a whole network, from pixels to probabilities.

    Args:
        layers: The interpreter.
        architecture: The architecture.
        x: Tensor of pixels: normalised, or raw for a backbone.
    """
    if architecture.backbone:
        x = layers.backbone(architecture.backbone, x)
    else:
        x = run_body(layers, architecture, x)
    return run_head(
        layers,
        architecture.head,
        architecture.activation,
        architecture.n_classes,
        x,
        pretrained=architecture.backbone is not None,
    )


def run_body(layers: LayerVocabulary, architecture: Architecture, x: Any) -> Any:
    """Run stem and stages."""
    x = run_stem(layers, architecture.stem, architecture.activation, x)
    for number, stage in enumerate(architecture.stages, start=1):
        x = run_stage(layers, stage, number, architecture.activation, x)
    return x


def run_stem(layers: LayerVocabulary, stem: Stem, activation: str, x: Any) -> Any:
    """Run the first convolution with norm and activation."""
    with layers.scope("stem"):
        x = layers.conv(x, stem.width, stem.kernel_size, stride=stem.stride)
        x = layers.batch_norm(x)
        return layers.activation(x, activation)


def run_stage(
    layers: LayerVocabulary, stage: Stage, number: int, activation: str, x: Any
) -> Any:
    """Run all blocks of a stage; the first one has the stride."""
    for index in range(stage.depth):
        stride = stage.stride if index == 0 else 1
        with layers.scope(f"stage{number}_block{index + 1}"):
            x = run_block(layers, stage, stride, activation, x)
    with layers.scope(f"stage{number}"):
        return run_closing(layers, stage, activation, x)


def run_block(
    layers: LayerVocabulary, stage: Stage, stride: int, activation: str, x: Any
) -> Any:
    """Run one block of a stage, built-in or custom."""
    block = find_block(stage.block)
    attend = attender(layers, stage.attention, activation)
    arguments = BlockArguments(stage.width, stage.kernel_size, stride, stage.options)
    if block.takes_keras_tensors:
        return attend(layers.custom_block(block, x, arguments))
    try:
        return block.function(
            layers, x, activation=activation, attend=attend, **arguments.as_keywords()
        )
    except KedroNasError:
        raise
    except Exception as error:
        raise SearchSpaceError(
            f"the block '{block.name}' on {layers.shape(x)} with {arguments} failed",
            received=f"{type(error).__name__}: {error}",
        ) from error


def run_closing(layers: LayerVocabulary, stage: Stage, activation: str, x: Any) -> Any:
    """Run the closing of a block at the end of a stage, if it has one."""
    closing = find_block(stage.block).closing
    if closing is None:
        return x
    return closing(layers, x, activation=activation, **dict(stage.options))


def run_head(
    layers: LayerVocabulary,
    head: Head,
    activation: str,
    n_classes: int,
    x: Any,
    *,
    pretrained: bool = False,
) -> Any:
    """Run pooling, optional dense layer, dropout and class scores.

    The features of a pretrained body are normalised first, as their scale comes from
    other images, and the kernel of the class scores starts with zeros, so that no
    random gradient reaches the body.

    Sources: He et al. (2022) https://arxiv.org/abs/2111.06377 for the norm; Kolesnikov
    et al. (2020) https://arxiv.org/abs/1912.11370 for the zeros.
    """
    with layers.scope("head"):
        if head.pooling == "flatten":
            x = layers.flatten(x)
        else:
            x = layers.global_average_pool(x)
        if pretrained:
            x = layers.batch_norm(x)
        if head.dense:
            x = layers.activation(layers.dense(x, head.dense), activation)
        x = layers.dropout(x, head.dropout)
    return layers.probabilities(layers.logits(x, n_classes, zeros=pretrained))


def attender(
    layers: LayerVocabulary, attention: str, activation: str
) -> Callable[[Any], Any]:
    """Return the function that a block calls to apply the attention."""
    if attention == "none":
        return lambda x: x
    found = find_attention(attention)

    def attend(x: Any) -> Any:
        with layers.scope(attention):
            return found.function(layers, x, activation=activation)

    return attend
