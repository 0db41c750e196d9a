"""Custom blocks are called, seeded and described alike in any process."""

from __future__ import annotations

import random  # noqa: TID251 - the generator that Keras seeds from
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.models.reproducible import (
    call_custom_block,
    plain_layers,
    seeded_layers,
)
from kedro_nas.space.block_programs import digest_block
from kedro_nas.space.registry import (
    Block,
    BlockArguments,
    forget_block,
    register_block,
)

MODULE = """
import keras
from keras import layers


class Scaled(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


def mine(x, *, filters, kernel_size, stride):
    x = layers.Conv2D(filters, kernel_size, strides=stride, padding="same")(x)
    x = layers.Lambda(lambda z: 2 * z)(x)
    return keras.ops.relu(Scaled(3)(x)) + 1
"""
PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from keras import layers
from team_layers import mine
from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.models.reproducible import (
    call_custom_block,
    plain_layers,
    seeded_layers,
)
from kedro_nas.space.block_programs import digest_block
from kedro_nas.space.registry import register_block
register_custom_blocks({{}})
[layers.Conv2D(1, 1) for _ in range(9)]
register_block("mine", path="team_layers:mine")(mine)
print(digest_block("mine", [()]))
"""
Digest = Callable[[str], str]


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Digest]:
    """Give the digest of the block of a module that is written so."""
    monkeypatch.syspath_prepend(str(tmp_path))
    register_custom_blocks({})

    def of(source: str) -> str:
        namespace: dict[str, Any] = {"__name__": "team_layers"}
        exec(compile(source, str(len(source)), "exec"), namespace)
        forget_block("mine")
        register_block("mine", path="team_layers:mine")(namespace["mine"])
        return digest_block("mine", [()])

    yield of
    forget_block("mine")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('padding="same"', 'padding="same", use_bias=False'),
        ("2 * z", "3 * z"),
        ("Scaled(3)(x)", "Scaled(4)(x)"),
        ("self.factor * x", "self.factor + x"),
        ("ops.relu", "ops.gelu"),
        (") + 1", ") + 2"),
    ],
)
def test_block_over_keras_tensors_that_does_something_else_has_another_digest(
    digest: Digest, before: str, after: str
) -> None:
    """Arguments of layers, lambdas, operations and the code of own layers count."""
    assert before in MODULE
    assert digest(MODULE.replace(before, after)) != digest(MODULE)


def test_block_over_keras_tensors_that_was_only_moved_has_the_same_digest(
    digest: Digest,
) -> None:
    """Lines, files, names and what was built before do not count."""
    before = digest(MODULE)
    [keras.layers.Conv2D(1, 1) for _ in range(5)]

    assert (
        digest("# a comment\n\n" + MODULE.replace("x = layers.L", "x = layers.L"))
        == before
    )


def test_block_over_keras_tensors_is_described_alike_at_any_precision(
    digest: Digest,
) -> None:
    """A worker that trains in half precision recognises the block it was sent."""
    before = digest(MODULE)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        after = digest("\n" + MODULE)
        kept = keras.config.dtype_policy().name
    finally:
        keras.config.set_dtype_policy(policy)

    assert after == before
    assert kept == "mixed_bfloat16"


@pytest.mark.slow
def test_block_over_keras_tensors_has_one_digest_in_all_processes(
    digest: Digest, tmp_path: Path
) -> None:
    """A worker finds what the driver has found, though it numbers layers anew."""
    (tmp_path / "team_layers.py").write_text(MODULE)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=str(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split()[-1] == digest(MODULE)


def _kernel() -> Any:
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    return layer.get_weights()[0]


def test_seeded_layers_draw_the_same_weights_and_leave_python_alone() -> None:
    """The seed holds inside; the global generator goes on as if nothing had been."""
    state = random.getstate()
    kernels = []
    for seed in (1, 1, 2):
        with seeded_layers(seed):
            kernels.append(_kernel())

    assert (kernels[0] == kernels[1]).all()
    assert (kernels[0] != kernels[2]).any()
    assert random.getstate() == state


def test_plain_layers_are_float32_whatever_trains_beside_them() -> None:
    """Half precision of a training is put back after the description."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with plain_layers():
            inside = keras.layers.Dense(1).compute_dtype
        after = keras.config.dtype_policy().name
    finally:
        keras.config.set_dtype_policy("float32")

    assert (inside, after) == ("float32", "mixed_bfloat16")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, **_: x, "has the wrong shape"),
        (lambda x, **_: x.missing, "failed"),
    ],
)
def test_call_custom_block_that_breaks_its_promise_names_block_and_arguments(
    function: Callable[..., Any], message: str
) -> None:
    """The error says which block, on which shape, with which arguments."""
    block = Block("mine", function, takes_keras_tensors=True, path="team:mine")
    arguments = BlockArguments(5, 3, 2)

    with pytest.raises(SearchSpaceError, match=message) as caught:
        call_custom_block(block, keras.Input((8, 6, 4)), arguments)
    assert "'mine' (team:mine) on (8, 6, 4) with filters=5" in str(caught.value)
