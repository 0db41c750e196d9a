"""Blocks are found by being there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kedro_nas.space.blocks as package
from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.registry import (
    attention_names,
    block_names,
    find_attention,
    find_block,
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
