"""Conversion of architectures to flat values and back, one code per network.

Values without effect (stages beyond `n_stages`, options of other blocks) are encoded as
the first allowed value, so that equal networks have equal codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from kedro_nas.space.architecture import (
    Architecture,
    Backbone,
    Head,
    Recipe,
    Stage,
    Stem,
)
from kedro_nas.space.block_programs import digest_blocks
from kedro_nas.space.choices import (
    PER_STAGE,
    RECIPE,
    Choices,
    Values,
    first_values,
    nearest_value,
    two_digits,
)
from kedro_nas.space.formulas import strided
from kedro_nas.space.registry import Value, find_attention, find_block

# SGD with momentum needs about twenty times the learning rate of AdamW. The searched
# rate is that of AdamW, so that one range is used for both.
SGD_RATE_FACTOR = 20
_UNUSED_ACTIVATION = "relu"


def decode_values(
    choices: Choices,
    values: Values,
    *,
    input_shape: tuple[int, int, int],
    n_classes: int,
    custom_blocks: Mapping[str, str],
    weights: str = "imagenet",
    weights_digest: str = "",
) -> Architecture:
    """Return the canonical architecture of flat values.

    Args:
        choices: The space's choices.
        values: Value by name; for missing names the first allowed value is used.
        input_shape: Height, width, channels of the images.
        n_classes: Number of classes.
        custom_blocks: Custom blocks, `package.module:function` by name.
        weights: Weights of pretrained backbones.
        weights_digest: Digest of their file, empty without a file.
    """
    if not choices.keys() <= values.keys():
        values = first_values(choices) | dict(values)
    pick: Callable[[str], Any] = values.__getitem__
    head = _head(pick("head_pooling"), pick("head_dropout"), pick("head_dense"))
    recipe = _recipe({name: pick(name) for name in RECIPE})
    if "backbone" in choices and pick("backbone") != "none":
        return Architecture(
            input_shape=input_shape,
            n_classes=n_classes,
            stem=_stem(1, 1, 1),
            head=head,
            activation=pick("activation") if head.dense else _UNUSED_ACTIVATION,
            recipe=recipe,
            backbone=Backbone(
                name=pick("backbone"),
                kept=pick("backbone_kept"),
                unfrozen=pick("backbone_unfrozen"),
                reinitialised=pick("backbone_reinitialised"),
                input_size=pick("backbone_input_size"),
                weights=weights,
                weights_digest=weights_digest,
            ),
        )
    stem, stages = read_stem(values), read_stages(values)
    used = canonical_stages(stages, input_shape, stem.stride, choices)
    return Architecture(
        input_shape=input_shape,
        n_classes=n_classes,
        stem=stem,
        stages=used,
        head=head,
        activation=pick("activation"),
        recipe=recipe,
        custom_blocks=_paths(used, custom_blocks) if custom_blocks else (),
        block_digests=digest_blocks(used, custom_blocks) if custom_blocks else (),
    )


def encode_architecture(
    choices: Choices, architecture: Architecture, unused: Values | None = None
) -> dict[str, Value]:
    """Return the flat values of an architecture; `decode_values` is the inverse.

    Args:
        choices: The space's choices.
        architecture: One of the space.
        unused: What `first_values` returns for the choices; None computes it.
    """
    recipe = architecture.recipe
    head = architecture.head
    values = dict(first_values(choices) if unused is None else unused)
    values |= {name: getattr(recipe, name) for name in RECIPE}
    if recipe.optimizer == "sgd":
        values["learning_rate"] = nearest_value(
            choices["learning_rate"], recipe.learning_rate / SGD_RATE_FACTOR
        )
    values |= {
        "head_pooling": head.pooling,
        "head_dropout": head.dropout,
        "head_dense": head.dense,
    }
    if architecture.backbone:
        base = architecture.backbone
        return values | {
            "backbone": base.name,
            "backbone_kept": base.kept,
            "backbone_unfrozen": base.unfrozen,
            "backbone_reinitialised": base.reinitialised,
            "backbone_input_size": base.input_size,
            **({"activation": architecture.activation} if head.dense else {}),
        }
    values |= {
        "n_stages": len(architecture.stages),
        "stem_width": architecture.stem.width,
        "stem_kernel_size": architecture.stem.kernel_size,
        "stem_stride": architecture.stem.stride,
        "activation": architecture.activation,
    }
    for number, stage in enumerate(architecture.stages, start=1):
        name = f"stage{number}"
        values |= {
            f"{name}_block": stage.block,
            f"{name}_depth": stage.depth,
            f"{name}_width": stage.width,
            f"{name}_kernel_size": stage.kernel_size,
            f"{name}_stride": stage.stride,
            f"{name}_attention": stage.attention,
        }
        for option, value in stage.options:
            values[f"{name}_{stage.block}_{option}"] = value
    return values


def canonical_stages(
    stages: Sequence[Stage],
    input_shape: tuple[int, int, int],
    stem_stride: int,
    choices: Choices,
) -> tuple[Stage, ...]:
    """Normalise stages so that equal networks have equal values.

    A stride on a 1x1 map has no effect and becomes 1. An attention on a map that is too
    large for it becomes `none` if that is allowed. Consecutive stages that form one
    stage are joined; if that is not allowed, the first is made as deep as possible.
    """
    height, width = (strided(side, stem_stride) for side in input_shape[:2])
    done: list[Stage] = []
    for number, stage in enumerate(stages, start=1):
        change: dict[str, Any] = {}
        if stage.stride > 1 and height == width == 1:
            change["stride"] = 1
        height, width = strided(height, stage.stride), strided(width, stage.stride)
        if not fits(stage.attention, height * width) and "none" in _allowed(
            choices, f"stage{number}_attention"
        ):
            change["attention"] = "none"
        done.append(stage.model_copy(update=change) if change else stage)
    while (joined := _join(list(done), choices)) != tuple(done):
        done = list(joined)
    return joined


def fits(attention: str, positions: int) -> bool:
    """Return whether an attention may be used on a map with a number of positions."""
    if attention == "none":
        return True
    limit = find_attention(attention).max_positions
    return limit is None or positions <= limit


def _join(stages: list[Stage], choices: Choices) -> tuple[Stage, ...]:
    depths = _allowed(choices, "stage1_depth")
    counts = _allowed(choices, "n_stages")
    index = 0
    while index < len(stages) - 1:
        here, after = stages[index], stages[index + 1]
        if not _is_continued(here, after):
            index += 1
            continue
        total = here.depth + after.depth
        if total in depths and len(stages) - 1 in counts:
            stages[index : index + 2] = [here.model_copy(update={"depth": total})]
            continue
        cuts = [cut for cut in depths if cut < total and total - cut in depths]
        first = max(cuts, default=here.depth)
        stages[index] = here.model_copy(update={"depth": first})
        stages[index + 1] = after.model_copy(update={"depth": total - first})
        index += 1
    return tuple(stages)


def _is_continued(here: Stage, after: Stage) -> bool:
    """Return whether two consecutive stages form one."""
    return (
        after.stride == 1
        and here.block == after.block
        and here.width == after.width
        and here.kernel_size == after.kernel_size
        and here.attention == after.attention
        and here.options == after.options
        and find_block(here.block).closing is None
    )


def read_stem(values: Values) -> Stem:
    """Return the stem of flat values.

    Args:
        values: A value for every choice.
    """
    names = ("stem_width", "stem_kernel_size", "stem_stride")
    return _stem(*(values[name] for name in names))


def read_stages(values: Values) -> list[Stage]:
    """Return the stages of flat values, as they are before `canonical_stages`.

    Args:
        values: A value for every choice.
    """
    return [_read_stage(values, n) for n in range(1, int(values["n_stages"]) + 1)]


def _read_stage(values: Values, number: int) -> Stage:
    block = str(values[f"stage{number}_block"])
    options = tuple(find_block(block).options)
    return _stage(options, *_stage_values(number, block, options)(values))


@lru_cache(maxsize=4_096)
def _stage_values(
    number: int, block: str, options: tuple[str, ...]
) -> Callable[[Values], tuple[Any, ...]]:
    """Return what reads the values of a stage and of its block's options."""
    words = (*PER_STAGE, *(f"{block}_{option}" for option in options))
    return itemgetter(*(f"stage{number}_{word}" for word in words))


# Parts of networks repeat between draws; validating each once reduces ten thousand
# draws to seconds.
@lru_cache(maxsize=65_536, typed=True)
def _stage(options: tuple[str, ...], *values: Any) -> Stage:
    """Return a stage of the values of `PER_STAGE` and of some options."""
    common, own = values[: len(PER_STAGE)], values[len(PER_STAGE) :]
    return Stage(
        **dict(zip(PER_STAGE, common, strict=True)),
        options=tuple(sorted(zip(options, own, strict=True))),
    )


@lru_cache(maxsize=4_096)
def _stem(width: Any, kernel_size: Any, stride: Any) -> Stem:
    return Stem(width=width, kernel_size=kernel_size, stride=stride)


@lru_cache(maxsize=4_096)
def _head(pooling: str, dropout: float, dense: int) -> Head:
    return Head(pooling=pooling, dropout=dropout, dense=dense)


def _recipe(values: Values) -> Recipe:
    recipe = Recipe.model_validate(values)
    if recipe.optimizer != "sgd":
        return recipe
    rate = two_digits(recipe.learning_rate * SGD_RATE_FACTOR)
    return recipe.model_copy(update={"learning_rate": rate})


def _paths(
    stages: Sequence[Stage], custom_blocks: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    used = {stage.block for stage in stages}
    return tuple(
        (name, path) for name, path in sorted(custom_blocks.items()) if name in used
    )


def _allowed(choices: Choices, name: str) -> tuple[Any, ...]:
    allowed = choices[name]
    return allowed if isinstance(allowed, tuple) else ()
