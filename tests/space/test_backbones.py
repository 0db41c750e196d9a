"""Pretrained backbones: their names, the size they see, their weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.backbones import (
    APPLICATIONS,
    FROM_FILE,
    backbone_names,
    check_backbone,
    digest_weights,
    enlarged,
)


def test_backbone_names_are_all_accepted() -> None:
    """What the documentation lists can be written in the parameters."""
    for name in backbone_names():
        check_backbone(name)

    assert set(backbone_names()) == {*APPLICATIONS, FROM_FILE}


def test_check_backbone_of_an_unknown_name_hints_at_the_closest() -> None:
    """A misspelt name comes back with what was meant."""
    with pytest.raises(SearchSpaceError, match="Did you mean 'resnet50_v2'"):
        check_backbone("resnet50v2")


sides = st.integers(1, 500)


@given(sides, sides, st.integers(32, 300))
def test_enlarged_image_is_never_smaller_and_fits_the_network(
    height: int, width: int, input_size: int
) -> None:
    """Both sides grow in proportion, to at least the 32 pixels Keras accepts."""
    tall, wide = enlarged((height, width, 3), input_size)

    assert tall >= max(32, height)
    assert wide >= max(32, width)
    if max(height, width) >= input_size:
        assert (tall, wide) == (max(32, height), max(32, width))
    else:
        assert max(tall, wide) == input_size


@pytest.mark.parametrize("weights", ["imagenet", "none", "missing.keras"])
def test_digest_weights_without_a_file_is_empty(weights: str) -> None:
    """Only the content of a file can change under the same name."""
    assert digest_weights(weights) == ""


def test_digest_weights_follows_the_content(tmp_path: Path) -> None:
    """Other weights under the same path are another network."""
    file = tmp_path / "net.weights.h5"
    file.write_bytes(b"first")
    first = digest_weights(str(file))
    file.write_bytes(b"second!")

    assert len(first) == 16
    assert digest_weights(str(file)) not in {"", first}
