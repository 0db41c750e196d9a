"""Anchors: networks known to be good, which a search tries first; and the baseline.

The first anchor, candidate 0, has a stem of stride 2. It was the best at equal time on
one core: test accuracy 0.893 with 10,000 Fashion-MNIST images and 0.669 with 10,000
CIFAR-10 images in 120 s; narrow networks at full resolution reached 0.825 and 0.519 in
30 to 40 s.
"""

from __future__ import annotations

import math
from typing import Any

from kedro_nas.space.architecture import Architecture, Head, Recipe, Stage, Stem
from kedro_nas.space.choices import Choices, nearest_value, stem_strides_for
from kedro_nas.space.formulas import strided
from kedro_nas.space.registry import Value

_WIDTHS = (96, 128, 192, 256)
_LEARNING_RATE = 2e-3
_SMALL, _LARGE = 2_000, 50_000  # training images; the baseline follows them


def anchor_values(
    choices: Choices, image_shape: tuple[int, int, int]
) -> tuple[dict[str, Value], ...]:
    """Return the values of the anchors, each replaced by the nearest allowed one.

    Args:
        choices: The space's choices.
        image_shape: Height, width, channels.

    Returns:
        Candidate 0, a similar residual network, then each backbone, frozen.
    """
    wanted = [
        proven_code(image_shape, "conv", 48),
        proven_code(image_shape, "residual", 32),
    ]
    # a frozen body with a new head: the cheapest use of pretrained weights
    wanted += [
        {
            **wanted[0],
            "backbone": name,
            "backbone_kept": 5,
            "backbone_unfrozen": 0,
            "backbone_reinitialised": 0,
        }
        for name in _backbones(choices)
    ]
    return tuple(spell_code(choices, code) for code in wanted)


def spell_code(choices: Choices, code: dict[str, Value]) -> dict[str, Value]:
    """Return a value for every choice: that of a code, moved to the nearest allowed.

    Args:
        choices: The space's choices.
        code: Values of some choices.
    """
    return {
        name: nearest_value(allowed, code.get(name, allowed_default(allowed)))
        for name, allowed in choices.items()
    }


def baseline_architecture(
    image_shape: tuple[int, int, int], n_classes: int, n_images: int
) -> Architecture:
    """Return a small ResNet, sized to the data, that a search has to beat.

    A strided stem and one basic residual block per stage, widths doubling; below
    2,000 images half as wide with more dropout and augmentation, from 50,000 on two
    blocks per stage.

    Args:
        image_shape: Height, width, channels.
        n_classes: Number of classes.
        n_images: Images it is trained on.

    Source: He et al. (2016), https://arxiv.org/abs/1512.03385, section 4.2 (the
    structure of its CIFAR-10 networks).
    """
    small, large = n_images < _SMALL, n_images >= _LARGE
    stem_width = 16 if small else 32
    return Architecture(
        input_shape=image_shape,
        n_classes=n_classes,
        stem=Stem(width=stem_width, kernel_size=3, stride=stem_stride_for(image_shape)),
        stages=tuple(
            Stage(
                block="residual",
                depth=2 if large else 1,
                width=stem_width * 2 ** (number + 1),
                kernel_size=3,
                stride=2,
                options=(("pre_activation", False),),
            )
            for number in range(n_stages_for(image_shape))
        ),
        head=Head(pooling="average", dropout=0.25),
        recipe=Recipe(augmentation="medium" if small else "light"),
    )


def _backbones(choices: Choices) -> tuple[Any, ...]:
    allowed = choices.get("backbone", ())
    return allowed[1:] if isinstance(allowed, tuple) else ()


def allowed_default(allowed: Any) -> Any:
    """Return the value of a choice that the anchors do not specify."""
    return allowed[0] if isinstance(allowed, tuple) else _LEARNING_RATE


def stem_stride_for(image_shape: tuple[int, int, int]) -> int:
    """Return the stem stride for images of a shape: 1, 2 or 4."""
    return stem_strides_for(image_shape).proven


def n_stages_for(image_shape: tuple[int, int, int]) -> int:
    """Return the number of stages, 2 to 4, that reduce the map to a side of about 4."""
    side = strided(max(image_shape[:2]), stem_stride_for(image_shape))
    return min(4, max(2, math.ceil(math.log2(side / 4))))


def _has_room_before_halving(image_shape: tuple[int, int, int]) -> bool:
    """Return whether an extra stage without stride follows the stem of small images."""
    return stem_stride_for(image_shape) == 2 and n_stages_for(image_shape) == 2


def proven_code(
    image_shape: tuple[int, int, int],
    block: str,
    stem_width: int,
    *,
    doubling: bool = False,
) -> dict[str, Value]:
    """Return the flat values of a proven plain or residual network.

    Args:
        image_shape: Height, width, channels.
        block: `conv` or `residual`.
        stem_width: Channels of the first convolution.
        doubling: Whether widths double with each halving of the map, up to eight times
            the stem's; else they are those of candidate 0.
    """
    code: dict[str, Value] = {
        "n_stages": n_stages_for(image_shape),
        "stem_width": stem_width,
        "stem_kernel_size": 3,
        "stem_stride": stem_stride_for(image_shape),
        "activation": "relu",
        "head_pooling": "average",
        "head_dropout": 0.25,
        "head_dense": 0,
        "optimizer": "adamw",
        "learning_rate": _LEARNING_RATE,
        "weight_decay": 0.05,
        "label_smoothing": 0.1,
        "augmentation": "light",
        "batch_size": 32,
    }
    widths = _WIDTHS if block == "conv" else (64, 96, 128, 192)
    has_room = block == "conv" and _has_room_before_halving(image_shape)
    if has_room:
        code |= {"n_stages": 3}
        widths = (stem_width, *_WIDTHS[:3])
    if doubling:
        first = 0 if has_room else 1
        widths = tuple(
            stem_width * min(8, 2 ** (first + number)) for number in range(4)
        )
    # values for four stages, in case the space requires more than n_stages
    for number in range(1, len(widths) + 1):
        code |= {
            f"stage{number}_block": block,
            f"stage{number}_depth": 1,
            f"stage{number}_width": widths[number - 1],
            f"stage{number}_kernel_size": 3,
            f"stage{number}_stride": 1 if widths[number - 1] == stem_width else 2,
            f"stage{number}_attention": "none",
        }
    return code
