"""The choices of a search space: a preset, restricted by the options, as flat values.

A choice has a name (`stage2_width`) and its allowed values: a tuple, or a `Range` on a
logarithmic scale. They are registered in KerasTuner unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.space.backbones import check_backbone
from kedro_nas.space.registry import (
    Value,
    attention_names,
    block_names,
    find_block,
    unknown,
)

Allowed = tuple[Value, ...] | Range
Choices = dict[str, Allowed]
Values = Mapping[str, Value]
"""A network and its recipe as flat values, by the name of each choice."""

NETWORK_ACTIVATIONS = ("relu", "swish", "hard_swish", "gelu")
POOLINGS = ("average", "flatten")
OPTIMIZERS = ("adamw", "sgd")
# Mirroring is a separate choice: a mirrored digit or letter is no longer of its class.
AUGMENTATIONS = (
    "flip",
    *(
        strength + flip + mixing
        for mixing in ("", "+mixup", "+cutmix")
        for strength in ("none", "light", "medium", "strong", "trivial")
        for flip in ("", "+flip")
    ),
)
PER_STAGE = ("block", "depth", "width", "kernel_size", "stride", "attention")
RECIPE = (
    "optimizer",
    "learning_rate",
    "weight_decay",
    "label_smoothing",
    "augmentation",
    "batch_size",
)
_PRESETS = Path(__file__).parent / "presets"


def preset_names() -> tuple[str, ...]:
    """Return the names of the shipped presets, sorted."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yml")))


def resolve_options(options: SearchSpaceOptions) -> SearchSpaceOptions:
    """Complete the options from their preset, and check all names.

    Raises:
        SearchSpaceError: A preset, block, attention or other name is unknown.
    """
    # `auto` depends on the machine and is resolved by the caller; this is a fallback
    name = "default" if options.preset == "auto" else options.preset
    if name not in preset_names():
        raise unknown("preset", name, ["auto", *preset_names()])
    preset = yaml.safe_load((_PRESETS / f"{name}.yml").read_text())
    given = options.model_dump()
    filled = {
        name: preset.get(name) if given[name] is None else given[name]
        for name in SearchSpaceOptions.model_fields
    }
    own = {name: block.options for name, block in options.custom_blocks.items()}
    filled["block_options"] = {
        **{name: choices for name, choices in own.items() if choices},
        **preset["block_options"],
        **given["block_options"],
    }
    if options.blocks is None:
        filled["blocks"] = (*filled["blocks"], *options.custom_blocks)
    resolved = SearchSpaceOptions.model_validate(filled)
    _check_words(resolved)
    return resolved


def spell_out(
    options: SearchSpaceOptions, image_shape: tuple[int, int, int]
) -> Choices:
    """Return the flat choices of resolved options for images of one shape.

    Args:
        options: From `resolve_options`.
        image_shape: Height, width, channels.

    Returns:
        Allowed values by name, from input to output, then the recipe.
    """
    choices: Choices = {
        "n_stages": _tuple(options.n_stages),
        "stem_width": _tuple(options.stem_width),
        "stem_kernel_size": _tuple(options.stem_kernel_size),
        "stem_stride": stem_strides(options.stem_stride, image_shape),
        "activation": _tuple(options.activation),
    }
    for number in range(1, max(options.n_stages or (1,)) + 1):
        choices |= _stage_choices(options, f"stage{number}")
    choices |= {
        "head_pooling": _tuple(options.pooling),
        "head_dropout": _tuple(options.dropout),
        "head_dense": _tuple(options.dense),
    }
    if options.pretrained.backbones:
        choices |= {
            "backbone": ("none", *options.pretrained.backbones),
            "backbone_kept": _tuple(options.pretrained.kept),
            "backbone_unfrozen": _tuple(options.pretrained.unfrozen),
            "backbone_reinitialised": _tuple(options.pretrained.reinitialised),
            "backbone_input_size": _tuple(options.pretrained.input_size),
        }
    for name in RECIPE:
        value = getattr(options, name)
        choices[name] = value if isinstance(value, Range) else _tuple(value)
    return choices


@dataclass(frozen=True)
class StemStrides:
    """Strides of the stem for images below a size.

    With maps of about 14 to 28 pixels after the stem, candidates train in seconds.

    Attributes:
        below: Longer side in pixels, exclusive.
        allowed: Strides that a search may choose.
        proven: The stride of anchors and baseline.
    """

    below: float
    allowed: tuple[int, ...]
    proven: int


STEM_STRIDES = (
    StemStrides(16, (1, 2), 1),
    StemStrides(64, (2,), 2),
    StemStrides(96, (2, 4), 2),
    StemStrides(math.inf, (2, 4), 4),
)


def stem_strides_for(image_shape: tuple[int, int, int]) -> StemStrides:
    """Return the strides for images of a shape (height, width, channels).

    >>> stem_strides_for((28, 28, 1)).allowed, stem_strides_for((224, 160, 3)).proven
    ((2,), 4)
    """
    side = max(image_shape[:2])
    return next(row for row in STEM_STRIDES if side < row.below)


def stem_strides(given: Any, image_shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the stem's strides; `auto` depends on the longer side of the images."""
    return stem_strides_for(image_shape).allowed if given == "auto" else tuple(given)


def draw_value(allowed: Allowed, share: float) -> Value:
    """Convert a number in [0, 1) to one of the allowed values, with equal shares."""
    if isinstance(allowed, Range):
        return two_digits(allowed.low * (allowed.high / allowed.low) ** share)
    return allowed[int(share * len(allowed))]


def first_value(allowed: Allowed) -> Value:
    """Return the value of a choice that is not in use."""
    return allowed[0] if isinstance(allowed, tuple) else two_digits(allowed.low)


def first_values(choices: Choices) -> dict[str, Value]:
    """Return the values of all choices where none is in use."""
    return {name: first_value(allowed) for name, allowed in choices.items()}


def nearest_value(allowed: Allowed, wanted: Value) -> Value:
    """Return the allowed value closest to a wanted one, or the first."""
    if isinstance(allowed, Range):
        return two_digits(min(max(float(wanted), allowed.low), allowed.high))
    if wanted in allowed:
        return wanted
    numbers = [value for value in allowed if _is_number(value)]
    if _is_number(wanted) and numbers:
        return min(numbers, key=lambda value: abs(float(value) - float(wanted)))
    return allowed[0]


def count_values(allowed: Allowed) -> float:
    """Return the number of allowed values; for a range, of two-digit numbers."""
    if not isinstance(allowed, Range):
        return len(allowed)
    return 90 * math.log10(allowed.high / allowed.low) + 1


def two_digits(value: float) -> float:
    """Round to two significant digits, so that equal rates are equal values."""
    return float(f"{value:.1e}")


def _stage_choices(options: SearchSpaceOptions, stage: str) -> Choices:
    blocks = _tuple(options.blocks)
    choices: Choices = {
        f"{stage}_block": blocks,
        f"{stage}_depth": _tuple(options.depth),
        f"{stage}_width": tuple(sorted(_tuple(options.width))),
        f"{stage}_kernel_size": _tuple(options.kernel_size),
        f"{stage}_stride": _tuple(options.stride),
        f"{stage}_attention": _tuple(options.attention),
    }
    for block in blocks:
        narrowed = options.block_options.get(str(block), {})
        for option, allowed in find_block(str(block)).options.items():
            choices[f"{stage}_{block}_{option}"] = tuple(narrowed.get(option, allowed))
    return choices


def _check_words(options: SearchSpaceOptions) -> None:
    vocabulary: Mapping[str, Iterable[str]] = {
        "blocks": block_names(),
        "attention": ("none", *attention_names()),
        "activation": NETWORK_ACTIVATIONS,
        "pooling": POOLINGS,
        "optimizer": OPTIMIZERS,
        "augmentation": AUGMENTATIONS,
        "block_options": block_names(),
    }
    for field, allowed in vocabulary.items():
        for word in getattr(options, field) or ():
            if word not in allowed:
                raise unknown(f"value of search_space.{field}", word, allowed)
    for name in options.pretrained.backbones:
        check_backbone(name)
    for block, narrowed in options.block_options.items():
        own = find_block(block).options
        for option, values in narrowed.items():
            if option not in own:
                raise unknown(f"option of the block {block}", option, own)
            if not values:
                raise SearchSpaceError(
                    f"the option '{option}' of the block '{block}' allows nothing",
                    received="an empty list",
                    allowed=", ".join(map(str, own[option])),
                    remedy="List a value or leave the option out",
                )


def _tuple(values: Any) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
