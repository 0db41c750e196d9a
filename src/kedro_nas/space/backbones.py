"""Pretrained backbones: names, input sizes, weights."""

from __future__ import annotations

from pathlib import Path

from kedro_nas.files import file_digest
from kedro_nas.space.registry import unknown

# by our name: the name in keras.applications, and the factor that scales 0-255 to the
# range [-1, 1] of the network (None if the network rescales by itself)
APPLICATIONS: dict[str, tuple[str, float | None]] = {
    "mobilenet_v2": ("MobileNetV2", 1 / 127.5),
    "mobilenet_v3_small": ("MobileNetV3Small", None),
    "mobilenet_v3_large": ("MobileNetV3Large", None),
    "efficientnet_v2_b0": ("EfficientNetV2B0", None),
    "resnet50_v2": ("ResNet50V2", 1 / 127.5),
    "nasnet_mobile": ("NASNetMobile", 1 / 127.5),
    "convnext_tiny": ("ConvNeXtTiny", None),
}
# the backbone is a Keras file given as `weights`, e.g. an exported model
FROM_FILE = "keras_file"
_SMALLEST_SIDE = 32  # what keras.applications accepts


def backbone_names() -> tuple[str, ...]:
    """Return the allowed names, sorted."""
    return (*sorted(APPLICATIONS), FROM_FILE)


def check_backbone(name: str) -> None:
    """Check that a backbone is known.

    Raises:
        SearchSpaceError: It is not; the error names the closest.
    """
    if name not in backbone_names():
        raise unknown("backbone", name, backbone_names())


def enlarged(image_shape: tuple[int, ...], input_size: int) -> tuple[int, int]:
    """Return height and width of the images that a backbone receives.

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

    It is also empty for a missing file: loading the file raises the error.

    Args:
        weights: As `Backbone.weights`.
    """
    path = Path(weights)
    if weights in {"imagenet", "none"} or not path.is_file():
        return ""
    return file_digest(path)
