"""The written source of a user's own network: whose it is, and how ours ends it."""

from __future__ import annotations

from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs

_FILE = '''"""{name}: this network is your own, and its source is yours, too.

Classifies {shape} images into {n_classes} classes with
{params:,} parameters and {macs:,} multiply-accumulates. What `{function}` gave
are {gives}.
"""

from keras import Model

from {module} import {function}


def build_model() -> Model:
    """Build the network, untrained, as your function does: raw pixels 0-255 in."""
    return {function}({image_shape}, {n_classes})


if __name__ == "__main__":
    build_model().summary()
'''


def write_own_model(architecture: Architecture) -> str:
    """Write a file that builds the network by its own function; see `write_source`."""
    own = architecture.own_model
    if own is None:
        return ""
    module, _, function = own.function.partition(":")
    cost = costs(architecture)
    return _FILE.format(
        name=own.function,
        shape="x".join(map(str, architecture.input_shape)),
        n_classes=architecture.n_classes,
        params=cost.params,
        macs=cost.macs,
        module=module,
        function=function,
        gives=own.gives,
        image_shape=architecture.input_shape,
    )
