"""Layers that are equal in any process: their initial weights, their configuration."""

from __future__ import annotations

import base64
import inspect
import marshal
import random  # noqa: TID251 - Keras draws its default seeds from this module
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kedro_nas.models.custom_functions import call_custom_block
from kedro_nas.space.block_programs import code_digest, describe_code
from kedro_nas.space.formulas import Shape
from kedro_nas.space.registry import Block, BlockArguments

# What differs between two buildings of one network.
_UNSTABLE = frozenset({"seed", "shared_object_id"})


@contextmanager
def seeded_layers(seed: int | None) -> Iterator[None]:
    """Let Keras layers made inside draw their default seeds from one seed.

    Keras takes the seed of an unseeded initialiser or dropout from Python's global
    generator. Its state is put back afterwards, so nothing outside notices.

    Args:
        seed: Any integer; None leaves everything to Keras.
    """
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def plain_layers() -> Iterator[None]:
    """Build layers in float32 on the CPU, whatever else is being built.

    A description must not depend on the precision or the device of a training.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        with keras.device("cpu:0"):
            yield
    finally:
        keras.config.set_dtype_policy(before)


def describe_block(block: Block, shape: Shape, arguments: BlockArguments) -> Any:
    """Describe the layers that a custom block over Keras tensors makes.

    Args:
        block: A block over Keras tensors.
        shape: Height, width, channels of its input.
        arguments: What it is called with.

    Returns:
        JSON values: the configuration of the layers, and the code of classes that are
        not Keras', be they the user's or a library's.

    Raises:
        SearchSpaceError: The block fails with these arguments.
    """
    import keras

    with plain_layers():
        x = keras.Input(shape)
        model = keras.Model(x, call_custom_block(block, x, arguments))
        try:
            config = stable_config(keras.saving.serialize_keras_object(model))
        except Exception:  # noqa: BLE001 - a layer without `get_config` can be trained
            config = [_outline(layer) for layer in model.layers]
    return [config, [_code_of(layer) for layer in model.layers]]


def _outline(layer: Any) -> list[Any]:
    weights = [list(weight.shape) for weight in layer.weights]
    return [type(layer).__name__, str(layer.output), weights]


def _code_of(layer: Any) -> list[str]:
    """Digest the methods of a layer's classes, as far as they are not Keras'."""
    found = []
    for owner in type(layer).__mro__:
        if owner.__module__.partition(".")[0] in {"keras", "builtins", "tensorflow"}:
            continue
        for name, member in sorted(vars(owner).items()):
            function = inspect.unwrap(getattr(member, "fget", None) or member)
            digest = code_digest(getattr(function, "__func__", function))
            if digest:
                found.append(f"{owner.__qualname__}.{name} {digest}")
    return found


def stable_config(config: Any) -> Any:
    """Return a serialised Keras object without what no two buildings share.

    Layers are numbered in their order, as Keras numbers unnamed ones anew in each
    process; seeds are left out; code of lambdas is described without its file.
    """
    return _anonymous(config, _layer_names(config, {}))


def _layer_names(value: Any, names: dict[str, str]) -> dict[str, str]:
    if isinstance(value, dict):
        config = value.get("config")
        if isinstance(config, dict) and value.get("class_name") != "DTypePolicy":
            # a layer of a user's may leave its name out of its configuration
            name = config.get("name", value.get("name"))
            if isinstance(name, str):
                names.setdefault(name, f"layer {len(names)}")
        for item in value.values():
            _layer_names(item, names)
    elif isinstance(value, list | tuple):
        for item in value:
            _layer_names(item, names)
    return names


def _anonymous(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__lambda__":
            code = base64.b64decode(value["config"]["code"])
            return describe_code(marshal.loads(code))  # noqa: S302 - what Keras made now
        return {
            str(key): _anonymous(item, names)
            for key, item in value.items()
            if key not in _UNSTABLE
        }
    if isinstance(value, list | tuple):
        return [_anonymous(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value, value)
    return value if isinstance(value, int | float | None) else repr(value)
