"""Search spaces with parts that need Keras."""

from __future__ import annotations

import logging
import sys

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models import spaces
from kedro_nas.models.spaces import (
    build_search_space,
    drop_missing_backbones,
    load_search_space,
    suited_preset,
)
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.registry import forget_block

DATA = DataFacts((28, 28, 1), 3, 8_000)
BLOCK = """
from keras import layers


def plain(x, *, filters, kernel_size, stride):
    return layers.Conv2D(filters, kernel_size, strides=stride, padding="same")(x)
"""


@pytest.fixture
def team_blocks(tmp_path, monkeypatch):
    """Write the module `team_blocks`, and forget its block afterwards."""
    path = tmp_path / "team_blocks.py"
    path.write_text(BLOCK)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    forget_block("plain")
    sys.modules.pop("team_blocks", None)


def options_of(**fields):
    return SearchSpaceOptions.model_validate({"preset": "cpu", **fields})


@pytest.mark.parametrize(("gpus", "preset"), [([], "cpu"), (["0"], "default")])
def test_suited_preset_is_that_of_the_machine(monkeypatch, gpus, preset):
    """A GPU is searched with the blocks that are fast on GPUs."""
    monkeypatch.setattr(spaces, "gpu_names", lambda: gpus)
    options = SearchSpaceOptions.model_validate({"preset": "auto"})

    assert suited_preset() == preset
    assert build_search_space(options, DATA, seed=0).preset == preset


def test_drop_missing_backbones_leaves_them_out_with_a_note(tmp_path, caplog):
    """A missing file costs a branch of the space, not the run."""
    missing = str(tmp_path / "none.weights.h5")
    options = options_of(pretrained={"backbones": ["mobilenet_v2"], "weights": missing})
    with caplog.at_level(logging.WARNING):
        kept, notes = drop_missing_backbones(options, (28, 28, 1))

    assert kept.pretrained.backbones == ()
    assert notes[0].startswith("The pretrained branch mobilenet_v2 was left out")
    assert notes[0] in caplog.text
    assert "Correct nas.search_space.pretrained.weights" in notes[0]


def test_drop_missing_backbones_of_an_unknown_name_raises():
    """A misspelt backbone is an error, not a branch that is missing."""
    options = options_of(pretrained={"backbones": ["mobilnet"], "weights": "none"})

    with pytest.raises(SearchSpaceError, match="mobilnet"):
        drop_missing_backbones(options, (28, 28, 1))


@pytest.mark.usefixtures("team_blocks")
def test_search_space_with_a_custom_block_survives_json():
    """Read in another process it is the space that was made."""
    options = options_of(custom_blocks={"plain": "team_blocks:plain"})
    space = build_search_space(options, DATA, seed=0)
    forget_block("plain")
    again = load_search_space(space.to_dict())

    assert again == space
    assert again.custom_blocks == {"plain": "team_blocks:plain"}


@pytest.mark.usefixtures("team_blocks")
@pytest.mark.parametrize(
    ("blocks", "is_told"), [(["conv"], True), (["conv", "plain"], False), (None, False)]
)
def test_build_search_space_tells_of_custom_blocks_that_blocks_leaves_out(
    caplog, blocks, is_told
):
    """A block that no network can have is not missed in silence."""
    options = options_of(custom_blocks={"plain": "team_blocks:plain"}, blocks=blocks)
    with caplog.at_level(logging.WARNING):
        space = build_search_space(options, DATA, seed=0)

    told = "custom_blocks names plain, search_space.blocks does not"
    assert (told in caplog.text) is is_told
    assert any(told in note for note in space.notes) is is_told


def test_load_search_space_of_an_edited_block_raises(team_blocks):
    """Costs and scores of the old block say nothing about the new one."""
    options = options_of(custom_blocks={"plain": "team_blocks:plain"})
    space = build_search_space(options, DATA, seed=0).to_dict()
    forget_block("plain")
    sys.modules.pop("team_blocks")
    team_blocks.write_text(BLOCK.replace('padding="same"', 'padding="same", groups=1'))
    unchanged = load_search_space(space)
    forget_block("plain")
    sys.modules.pop("team_blocks")
    team_blocks.write_text(
        BLOCK.replace("Conv2D(filters, kernel_size", "Conv2D(filters, 1")
    )

    assert unchanged.block_digests == space["block_digests"]
    with pytest.raises(SearchSpaceError, match="has changed since"):
        load_search_space(space)


def test_load_search_space_of_changed_weights_raises(tmp_path):
    """Another file of weights is another search."""
    space = build_search_space(options_of(), DATA, seed=0)
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"other")
    update = {"backbone_weights": str(weights), "weights_digest": "0" * 12}
    changed = space.model_copy(update=update)

    with pytest.raises(SearchSpaceError, match="have changed since the search space"):
        load_search_space(changed.to_dict())
