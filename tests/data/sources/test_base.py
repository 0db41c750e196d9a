"""What all sources of images share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kedro_nas.data.sources.base import (
    Columns,
    Listing,
    LocalFile,
    Source,
    hash64,
    image_size,
    is_document,
    is_system_file,
    shown,
)


class Words(Source):
    """A source of three texts."""

    def describe(self) -> str:
        """Name the source."""
        return "the words"

    def listing(self) -> Listing:
        """List the words."""
        return Listing(["a", "b", "c"], [0, 1, 0], None, None, "key")

    def read(self, rows: Any) -> Iterator[bytes]:
        """Give a word per row."""
        return (b"word %d" % row for row in rows)


def test_columns_of_the_source_win_over_those_of_the_options() -> None:
    """The catalog entry knows its table; the parameters fill what it leaves open."""
    source = Words()
    source.columns = Columns(label="finding")
    given_columns = Columns(image="scan", label="label")

    assert source.with_columns(given_columns) is source
    assert source.columns == Columns(image="scan", label="finding")


def test_identities_of_rows_do_not_depend_on_their_order() -> None:
    """An image is known by its content, wherever it is listed."""
    source = Words()
    forth = source.identities(np.array([0, 1, 2]))
    back = source.identities(np.array([2, 1, 0]))

    assert forth.tolist() == back[::-1].tolist()
    assert len(set(forth.tolist())) == 3
    assert len(source.listing()) == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"bytes",
        bytearray(b"bytes"),
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        Image.new("L", (3, 4), 7),
        "a text",
        LocalFile("images/cat/1.png"),
    ],
    ids=lambda raw: type(raw).__name__,
)
def test_hash64_of_every_kind_of_image_is_stable(raw: Any) -> None:
    """64 bits, equal for equal content."""
    assert 0 <= hash64(raw) < 2**64
    assert hash64(raw) == hash64(raw)


def test_hash64_of_a_file_is_that_of_its_last_two_parts() -> None:
    """A folder that was moved gives the same images the same split."""
    first = hash64(LocalFile("data/flowers/rose/1.png"))

    assert hash64(LocalFile("elsewhere/rose/1.png")) == first
    assert hash64(LocalFile("data/flowers/lily/1.png")) != first


def test_hash64_of_an_array_follows_its_pixels() -> None:
    """A view of other strides with the same pixels is the same image."""
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)

    assert hash64(pixels.T) == hash64(np.ascontiguousarray(pixels.T))
    assert hash64(pixels) != hash64(pixels[::-1])


@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name))
def test_shown_name_of_any_bytes_can_be_stored(name: bytes) -> None:
    """Names on disk are bytes; what is shown is UTF-8."""
    assert shown(os.fsdecode(name)).encode()


@pytest.mark.parametrize(
    ("shape", "size"),
    [((4, 6, 4), 24), ((3, 4, 6), 24), ((4, 6), 24), ((1, 1, 1), 1), ((2, 3, 5), 30)],
)
def test_image_size_counts_positions_and_not_channels(
    shape: tuple[int, ...], size: int
) -> None:
    """Channels may come first or last; anything else is as large as its values."""
    assert image_size(shape) == size


@pytest.mark.parametrize(
    "name", ["Thumbs.db", "cat/desktop.ini", ".hidden/1.png", "cat/.DS_Store"]
)
def test_system_files_are_recognised(name: str) -> None:
    """What an operating system leaves behind is no image."""
    assert is_system_file(name)
    assert not is_system_file("cat/thumbs.png")


@pytest.mark.parametrize("name", ["labels.csv", "cat/LICENSE", "README", "a/b.JSON"])
def test_documents_are_recognised(name: str) -> None:
    """What people put beside images is no image."""
    assert is_document(name)
    assert not is_document("cat/license.png")
