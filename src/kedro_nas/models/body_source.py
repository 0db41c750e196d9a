"""Source text of backbones and custom models, which have no blocks."""

from __future__ import annotations

from typing import Any

from kedro_nas.models.pretrained import last_kept_layer, load_body, load_whole
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.backbones import APPLICATIONS, FROM_FILE
from kedro_nas.space.costs import costs

_FILE = '''"""{name}: a custom model, built by this function.

Classifies {shape} images into {n_classes} classes with
{params:,} parameters and {macs:,} multiply-accumulates. `{function}` returns
{gives}.
"""

from keras import Model

from {module} import {function}


def build_model() -> Model:
    """Build the untrained network: raw pixels 0-255 in."""
    return {function}({image_shape}, {n_classes})


if __name__ == "__main__":
    build_model().summary()
'''


def write_custom_model(architecture: Architecture) -> str:
    """Return a file that builds a custom model by its function; see `write_source`.

    Empty for a network without a custom model.
    """
    model = architecture.custom_model
    if model is None:
        return ""
    module, _, function = model.function.partition(":")
    cost = costs(architecture)
    return _FILE.format(
        name=model.function,
        shape="x".join(map(str, architecture.input_shape)),
        n_classes=architecture.n_classes,
        params=cost.params,
        macs=cost.macs,
        module=module,
        function=function,
        gives=model.gives,
        image_shape=architecture.input_shape,
    )


def write_backbone(architecture: Architecture) -> list[str]:
    """Return the lines of the function `backbone(x)`; none without a backbone."""
    backbone = architecture.backbone
    if backbone is None:
        return []
    shape = architecture.input_shape
    body = load_body(backbone, shape, load_weights=False)
    height, width, channels = body.input_shape[1:]
    whole = load_whole(backbone, shape, load_weights=False)
    position = last_kept_layer(whole, backbone.kept)
    lines = ["", "def backbone(x):", '    """Put the pretrained body on raw pixels."""']
    if backbone.name == FROM_FILE:
        lines += [f'    whole = models.load_model("{backbone.weights}", compile=False)']
    else:
        lines += [
            f"    whole = applications.{APPLICATIONS[backbone.name][0]}(",
            "        include_top=False,",
            "        weights=None,",
            f"        input_shape={body.input_shape[1:]},",
            "    )",
        ]
    lines += [
        f"    last = whole.layers[{position}].output",
        '    body = Model(whole.inputs[0], last, name="backbone")',
        *_freezing(body),
    ]
    if (height, width) != shape[:2]:
        lines += [f'    x = layers.Resizing({height}, {width}, name="enlarge")(x)']
    if channels != shape[-1]:
        lines += ['    x = layers.Concatenate(name="grey_to_colour")([x, x, x])']
    if backbone.name in APPLICATIONS and (scale := APPLICATIONS[backbone.name][1]):
        scaling = f'layers.Rescaling({scale}, offset=-1.0, name="family_scale")'
        lines += [f"    x = {scaling}(x)"]
    return [*lines, "    return body(x)", ""]


def _freezing(body: Any) -> list[str]:
    # by position, as the names of unnamed layers depend on the process
    positions = [
        position
        for position, layer in enumerate(body.layers)
        if layer.trainable and layer.weights
    ]
    if not positions:
        return ["    body.trainable = False"]
    return [
        "    for position, layer in enumerate(body.layers):",
        f"        layer.trainable = position in {positions}",
    ]
