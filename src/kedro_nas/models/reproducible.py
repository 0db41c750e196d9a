"""Layers that are equal in every process: initial weights and configuration.

Custom blocks are called here, too: seeded when they are built, described when their
digest is needed.
"""

from __future__ import annotations

import base64
import inspect
import marshal
import random  # noqa: TID251 - Keras draws its default seeds from this module
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.block_programs import code_digest, describe_code
from kedro_nas.space.formulas import Shape, block_output_shape
from kedro_nas.space.registry import Block, BlockArguments

# fields that differ between two models of one network
_UNSTABLE = frozenset({"seed", "shared_object_id"})


@contextmanager
def seeded_layers(seed: int | None) -> Iterator[None]:
    """Derive the default seeds of all Keras layers made inside from one seed.

    Keras draws the seed of an unseeded initialiser or dropout from Python's global
    generator, whose state is restored afterwards.

    Args:
        seed: Any integer; None leaves the seeds to Keras.
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
    """Build layers in float32 on the CPU while this lasts.

    The description of a block must not depend on the precision or device of training.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        with keras.device("cpu:0"):
            yield
    finally:
        keras.config.set_dtype_policy(before)


def call_custom_block(block: Block, x: Any, arguments: BlockArguments) -> Any:
    """Call a custom block over Keras tensors and check the shape of its output.

    Raises:
        SearchSpaceError: It raised, or its output has another shape than promised.
    """
    where = (
        f"the block '{block.name}' ({block.path}) on {tuple(x.shape[1:])} with "
        f"{arguments}"
    )
    try:
        y = block.function(x, **arguments.as_keywords())
        found = tuple(y.shape[1:])
    except Exception as error:
        raise SearchSpaceError(
            f"{where} failed", received=f"{type(error).__name__}: {error}"
        ) from error
    promised = block_output_shape(tuple(x.shape[1:]), arguments)
    if found != promised:
        raise SearchSpaceError(
            f"{where} has the wrong shape", received=str(found), allowed=str(promised)
        )
    return y


def describe_block(block: Block, shape: Shape, arguments: BlockArguments) -> Any:
    """Return the layers that a custom block over Keras tensors makes.

    Args:
        block: A block over Keras tensors.
        shape: Height, width, channels of its input.
        arguments: What it is called with.

    Returns:
        JSON values: the configuration of the layers, and digests of the code of those
        classes that are not Keras'.

    Raises:
        SearchSpaceError: The block fails with these arguments.
    """
    import keras

    with plain_layers():
        x = keras.Input(shape)
        model = keras.Model(x, call_custom_block(block, x, arguments))
        try:
            config = stable_config(keras.saving.serialize_keras_object(model))
        except Exception:  # noqa: BLE001 - layers may lack `get_config`
            config = [_outline(layer) for layer in model.layers]
    return [config, [_code_of(layer) for layer in model.layers]]


def _outline(layer: Any) -> list[Any]:
    weights = [list(weight.shape) for weight in layer.weights]
    return [type(layer).__name__, str(layer.output), weights]


def _code_of(layer: Any) -> list[str]:
    """Return digests of the methods of a layer's classes that are not Keras'."""
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
    """Return a serialised Keras object without what differs between two models.

    Layers are numbered by their order, as the names of unnamed ones depend on the
    process; seeds are left out; the code of lambdas is described without its file.
    """
    return _anonymous(config, _layer_names(config, {}))


def _layer_names(value: Any, names: dict[str, str]) -> dict[str, str]:
    if isinstance(value, dict):
        config = value.get("config")
        if isinstance(config, dict) and value.get("class_name") != "DTypePolicy":
            # a custom layer may leave its name out of its configuration
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
            return describe_code(marshal.loads(code))  # noqa: S302 - just made
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
