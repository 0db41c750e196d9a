"""Pretrained backbones as a branch of the space: their names, sizes and costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.files import file_digest
from kedro_nas.space.architecture import Backbone
from kedro_nas.space.registry import unknown

# Our name: the name in keras.applications, and the factor that brings 0-255 to the
# family's [-1, 1] (None where the network rescales by itself).
APPLICATIONS: dict[str, tuple[str, float | None]] = {
    "mobilenet_v2": ("MobileNetV2", 1 / 127.5),
    "mobilenet_v3_small": ("MobileNetV3Small", None),
    "mobilenet_v3_large": ("MobileNetV3Large", None),
    "efficientnet_v2_b0": ("EfficientNetV2B0", None),
    "resnet50_v2": ("ResNet50V2", 1 / 127.5),
    "nasnet_mobile": ("NASNetMobile", 1 / 127.5),
    "convnext_tiny": ("ConvNeXtTiny", None),
}
# A classifier of one's own, e.g. a model exported before, in `weights`.
FROM_FILE = "keras_file"
_SMALLEST_SIDE = 32  # what keras.applications accepts

Ruler = Callable[[Backbone, tuple[int, ...]], Mapping[str, int]]
_rulers: list[Ruler] = []
_table: dict[str, dict[str, int]] = {}


def backbone_names() -> tuple[str, ...]:
    """Return the names a user may give, sorted."""
    return (*sorted(APPLICATIONS), FROM_FILE)


def check_backbone(name: str) -> None:
    """Refuse an unknown backbone.

    Raises:
        SearchSpaceError: With the closest name.
    """
    if name not in backbone_names():
        raise unknown("backbone", name, backbone_names())


def enlarged(image_shape: tuple[int, ...], input_size: int) -> tuple[int, int]:
    """Return the height and width a backbone sees.

    The longer side of a smaller image becomes `input_size`, the other in proportion
    but at least 32; larger images keep their size.

    >>> enlarged((28, 28, 1), 96), enlarged((1, 100, 3), 96)
    ((96, 96), (32, 100))
    """
    height, width = image_shape[:2]
    factor = max(1.0, input_size / max(height, width))
    return (
        max(_SMALLEST_SIDE, round(height * factor)),
        max(_SMALLEST_SIDE, round(width * factor)),
    )


def digest_weights(weights: str) -> str:
    """Return the digest of a file of weights; empty for `imagenet` and `none`.

    A file that is not there has none: who loads it says so.

    Args:
        weights: As `Backbone.weights`.
    """
    path = Path(weights)
    if weights in {"imagenet", "none"} or not path.is_file():
        return ""
    return file_digest(path)


def install_backbone_ruler(ruler: Ruler) -> None:
    """Set what measures backbones; `kedro_nas.models` does so on import."""
    _rulers[:] = [ruler]


def backbone_cost(backbone: Backbone, image_shape: tuple[int, ...]) -> dict[str, int]:
    """Return what a backbone costs on images of one size, measured once.

    Returns:
        `params`, `macs`, `depth` (unfrozen layers), `values`, and `height`, `width`,
        `channels` of the last map.

    Raises:
        SearchSpaceError: Nobody can measure.
    """
    key = _key(backbone, image_shape)
    if key not in _table:
        if not _rulers:
            raise SearchSpaceError(
                f"cannot measure the backbone '{backbone.name}'",
                remedy="Import kedro_nas.models first",
            )
        _table[key] = dict(_rulers[-1](backbone, image_shape))
    return _table[key]


def backbone_table() -> dict[str, dict[str, int]]:
    """Return what was measured so far, as JSON for another process."""
    return dict(_table)


def recall_backbones(table: Mapping[str, Mapping[str, int]]) -> None:
    """Take over what another process measured."""
    _table.update({key: dict(cost) for key, cost in table.items()})


def _key(backbone: Backbone, image_shape: tuple[int, ...]) -> str:
    parts: list[Any] = [
        backbone.name,
        backbone.kept,
        backbone.unfrozen,
        backbone.reinitialised,
        backbone.input_size,
        backbone.weights if backbone.name == FROM_FILE else "",
        list(image_shape),
    ]
    if backbone.name == FROM_FILE and backbone.weights_digest:
        parts.append(backbone.weights_digest)
    return json.dumps(parts)
