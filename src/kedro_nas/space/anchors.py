"""Networks known to be good, tried before anything is drawn.

The first, candidate 0, is the stride-2 stem net that won at equal time on one core:
test accuracy 0.893 on 10,000 Fashion-MNIST and 0.669 on 10,000 CIFAR-10 images in
120 seconds, where narrow nets at full resolution reached 0.825 and 0.519 in 30 to 40.
"""

from __future__ import annotations

import math
from typing import Any

from kedro_nas.space.choices import Choices, nearest_value
from kedro_nas.space.formulas import strided
from kedro_nas.space.stem_strides import stem_strides_for

_WIDTHS = (96, 128, 192, 256)
_LEARNING_RATE = 2e-3


def anchor_values(
    choices: Choices, image_shape: tuple[int, int, int]
) -> tuple[dict[str, Any], ...]:
    """Return the anchors' codes, each value moved to the nearest allowed one.

    Args:
        choices: The space's choices.
        image_shape: Height, width, channels.

    Returns:
        Candidate 0, a residual net of the same outline, then each backbone, frozen.
    """
    wanted = [_outline(image_shape, "conv", 48), _outline(image_shape, "residual", 32)]
    # A frozen body with a new head: the cheapest use of what others have learnt.
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
    return tuple(
        {
            name: nearest_value(allowed, code.get(name, allowed_default(allowed)))
            for name, allowed in choices.items()
        }
        for code in wanted
    )


def _backbones(choices: Choices) -> tuple[Any, ...]:
    allowed = choices.get("backbone", ())
    return allowed[1:] if isinstance(allowed, tuple) else ()


def allowed_default(allowed: Any) -> Any:
    """Return what an anchor takes where it has no opinion."""
    return allowed[0] if isinstance(allowed, tuple) else _LEARNING_RATE


def stem_stride_for(image_shape: tuple[int, int, int]) -> int:
    """Return the stem stride that suits a size: 1, 2 or 4."""
    return stem_strides_for(image_shape).proven


def n_stages_for(image_shape: tuple[int, int, int]) -> int:
    """Return how many halving stages leave a map of about 4, two to four."""
    side = strided(max(image_shape[:2]), stem_stride_for(image_shape))
    return min(4, max(2, math.ceil(math.log2(side / 4))))


def _has_room_before_halving(image_shape: tuple[int, int, int]) -> bool:
    """Return whether the stem halves a small image, so one stage keeps its size."""
    return stem_stride_for(image_shape) == 2 and n_stages_for(image_shape) == 2


def _outline(
    image_shape: tuple[int, int, int], block: str, stem_width: int
) -> dict[str, Any]:
    code: dict[str, Any] = {
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
    if block == "conv" and _has_room_before_halving(image_shape):
        code |= {"n_stages": 3}
        widths = (stem_width, *_WIDTHS[:3])
    # All four, should the space allow no fewer than some of them.
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
