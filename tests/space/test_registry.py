"""Blocks are found by being there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kedro_nas.space.blocks as package
from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.registry import (
    Block,
    BlockArguments,
    attention_names,
    block_names,
    custom_functions,
    find_attention,
    find_block,
    find_registered,
    forget_block,
    register_block,
)

FILES = sorted(Path(package.__file__).parent.glob("[a-z]*.py"))


def test_discover_finds_every_file():
    """One file is one block or attention, and no list names them."""
    assert len(FILES) == len(block_names()) + len(attention_names())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_block_file_cites_its_paper(file):
    """Every block says which paper it is from."""
    docstring = ast.get_docstring(ast.parse(file.read_text()))

    assert "Source:" in docstring
    assert "https://arxiv.org/abs/" in docstring


def test_find_unknown_word_hints_at_the_closest():
    """A misspelt word comes back with what was meant."""
    with pytest.raises(SearchSpaceError, match="Did you mean 'bottleneck'"):
        find_block("botleneck")
    with pytest.raises(SearchSpaceError, match="Did you mean 'eca'"):
        find_attention("ecaa")


def over_vocabulary(layers, x, **_):
    """Return the input, as the smallest of blocks."""
    return x


@pytest.fixture
def registered() -> Iterator[Callable[..., Any]]:
    """Register functions as blocks, and forget them afterwards."""
    names: list[str] = []

    def register(function: Callable[..., Any], **options: Any) -> Block:
        register_block(**options)(function)
        names.append(options.get("name") or function.__name__)
        return find_block(names[-1])

    yield register
    for name in names:
        forget_block(name)


def test_register_block_takes_the_name_of_the_function(registered):
    """A custom block needs one decorator, and is found by its path."""

    def doubled(layers, x, *, filters, kernel_size, stride, activation, attend):
        return x

    block = registered(doubled, options={"factor": [2, 3]})

    assert block.name == "doubled"
    assert block.path == f"{__name__}:doubled"
    assert block.options == {"factor": (2, 3)}
    assert "doubled" in block_names()


@pytest.mark.parametrize(
    ("function", "takes_keras_tensors"),
    [(over_vocabulary, False), (lambda x, **_: x, True)],
)
def test_register_block_tells_the_kind_by_the_first_argument(
    registered, function, takes_keras_tensors
):
    """`layers` stands for the vocabulary; anything else receives Keras tensors."""
    block = registered(function, name="some_block")

    assert block.takes_keras_tensors is takes_keras_tensors


def test_register_block_under_the_name_of_another_is_an_error(registered):
    """A custom block cannot replace `conv` by accident."""

    def conv(layers, x, **_):
        return x

    with pytest.raises(SearchSpaceError, match="the block name 'conv' is taken"):
        registered(conv)
    assert find_block("conv").path == ""


def test_register_block_again_redefines_it(registered):
    """A cell of a notebook may be run twice."""

    def make():
        def again(layers, x, **_):
            return x

        return again

    first = registered(make(), name="again")
    second = registered(make(), name="again")

    assert first.function is not second.function
    assert find_block("again") == second


def test_custom_functions_change_when_a_block_is_redefined(registered):
    """Caches of custom blocks are valid as long as this is equal."""
    before = custom_functions()
    registered(over_vocabulary, name="one_more")
    after = custom_functions()

    assert after == custom_functions() != before
    assert "one_more" in dict(after)
    assert "conv" not in dict(after)


def test_find_registered_of_an_unknown_name_is_none():
    """Asking is not an error, unlike using."""
    assert find_registered("no_such_block") is None
    assert find_registered("conv") == find_block("conv")


def test_block_arguments_read_like_a_call():
    """Errors of custom blocks show what they were called with."""
    arguments = BlockArguments(16, 3, 2, (("expansion", 4),))

    assert str(arguments) == "filters=16, kernel_size=3, stride=2, expansion=4"
    assert arguments.as_keywords()["expansion"] == 4
