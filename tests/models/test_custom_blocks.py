"""A user's block is like our own, and its faults are told as the user's."""

from __future__ import annotations

import importlib
import os
import pathlib
import sys
import textwrap

import numpy as np
import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model
from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.models.source import write_source
from kedro_nas.models.spaces import build_search_space, load_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import (
    custom_functions,
    find_block,
    forget_block,
    register_block,
)

DATA = DataFacts((16, 16, 1), 3, 5_000)
MODULE = """
from keras import layers


def shuffle_free(x, *, filters, kernel_size, stride, groups=1):
    x = layers.Conv2D(
        filters, kernel_size, strides=stride, padding="same", groups=groups
    )(x)
    return layers.Activation("relu")(x)


def wrong_shape(x, *, filters, kernel_size, stride):
    return layers.Conv2D(filters + 1, kernel_size, padding="same")(x)


def raises(x, *, filters, kernel_size, stride):
    raise RuntimeError("no kernel of even size")


def picky(x, *, filters, kernel_size, stride):
    if filters == 16:
        raise ValueError("not 16")
    return layers.Conv2D(filters, kernel_size, strides=stride, padding="same")(x)


def vocabulary_raises(layers, x, *, filters, **_):
    return layers.convolve(x, filters)


def over_vocabulary(layers, x, *, filters, kernel_size, stride, activation, attend):
    x = layers.conv(x, filters, kernel_size, stride=stride)
    return attend(layers.activation(layers.batch_norm(x), activation))
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a package of a user's, importable, forgotten afterwards."""
    (tmp_path / "my_team_blocks.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "my_team_blocks"
    sys.modules.pop("my_team_blocks", None)
    for name in ("mine", "shuffle_free"):
        forget_block(name)


def space_of(path, **more):
    options = {
        "preset": "tiny",
        "blocks": ["conv", "mine"],
        "width": [8, 16],
        "custom_blocks": {"mine": path},
        **more,
    }
    return build_search_space(SearchSpaceOptions.model_validate(options), DATA, seed=0)


@pytest.mark.parametrize("function", ["shuffle_free", "over_vocabulary"])
def test_custom_block_of_yaml_is_drawn_counted_built_and_written(module, function):
    """One line of YAML and the block is searched, bounded, exported and named."""
    block = {"function": f"{module}:{function}"}
    if function == "shuffle_free":
        block["options"] = {"groups": [1, 2]}
    space = space_of(block, stem_width=[8])
    rng = np.random.default_rng(0)
    drawn = [a for a in (space.sample(rng) for _ in range(40)) if "mine" in a.family]

    assert drawn
    for architecture in drawn[:3]:
        assert architecture.custom_blocks == (("mine", f"{module}:{function}"),)
        assert build_model(architecture).count_params() == costs(architecture).params
        assert "mine" in write_source(architecture)


def test_custom_block_in_a_fresh_process_needs_only_the_architecture(module):
    """An architecture says where its blocks are, so any process can build it."""
    space = space_of(f"{module}:shuffle_free")
    rng = np.random.default_rng(0)
    mine = next(a for a in (space.sample(rng) for _ in range(99)) if "mine" in a.family)
    forget_block("mine")

    assert build_model(mine).count_params() > 0


def test_custom_block_costs_travel_with_the_space(module):
    """What was measured once is in the file of the space."""
    space = space_of(f"{module}:shuffle_free")
    again = load_search_space(space.to_dict())

    assert again.measured["mine"]
    assert set(next(iter(again.measured["mine"].values()))) == {
        "params",
        "macs",
        "depth",
        "values",
    }


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("my_team_blocks:raises", ["mine", "RuntimeError: no kernel of even size"]),
        ("my_team_blocks:wrong_shape", ["mine", "wrong shape"]),
        ("my_team_blocks:vocabulary_raises", ["mine", "AttributeError"]),
        ("my_team_blocks:absent", ["mine", "AttributeError"]),
        ("no_such_team.blocks:any", ["mine", "ModuleNotFoundError"]),
    ],
)
def test_custom_block_that_fails_is_named(module, path, words):
    """A fault of the user's block says which block, where, and what it did."""
    with pytest.raises(SearchSpaceError) as caught:
        space_of(path)

    assert all(word in str(caught.value) for word in words)


def test_custom_block_that_fails_somewhere_is_left_out_there_with_a_note(module):
    """An error for one width ends neither stage nor search, and is told."""
    space = space_of(f"{module}:picky")
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng) for _ in range(60)]
    mine = [s for a in drawn for s in a.stages if s.block == "mine"]

    assert "mine failed in" in space.notes[0]
    assert "ValueError: not 16" in space.notes[0]
    assert {stage.width for stage in mine} == {8}


def test_register_block_under_our_name_is_refused():
    """A user's block cannot silently replace ours."""
    with pytest.raises(SearchSpaceError, match="is taken"):

        @register_block("conv")
        def mine(x, *, filters, kernel_size, stride):
            return x

    assert find_block("conv").function.__module__ == "kedro_nas.space.blocks.conv"


def test_block_registered_by_its_decorator_alone_is_found_by_other_processes(module):
    """A decorated function listed in `blocks` carries its path like one of YAML."""
    function = importlib.import_module(module).over_vocabulary
    register_block("mine")(function)
    space = space_of("unused", custom_blocks={})
    chosen = space.decode({"n_stages": 1, "stage1_block": "mine"})

    assert chosen.custom_blocks == (("mine", f"{module}:over_vocabulary"),)


def test_register_block_with_a_cost_formula_is_not_built(module):
    """A stated cost is taken at its word."""

    @register_block("mine", cost=lambda *_, **__: {"params": 7, "macs": 70})
    def mine(x, *, filters, kernel_size, stride):
        raise AssertionError("must not be built")

    space = space_of("my_team_blocks:shuffle_free", custom_blocks={})
    values = {"n_stages": 1, "stage1_block": "mine"}
    with_mine = costs(space.decode(values))
    without = costs(space.decode(values | {"stage1_block": "conv"}))

    assert with_mine.params < without.params


def edit(module, before, after):
    """Edit the user's module, as seen by a process that starts afterwards."""
    path = pathlib.Path(importlib.import_module(module).__file__)
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    # Python takes a file of the same second and size for the one it has compiled
    later = path.stat().st_mtime + 2
    os.utime(path, (later, later))
    sys.modules.pop(module)
    importlib.invalidate_caches()
    forget_block("mine")


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        ("over_vocabulary", "layers.batch_norm(x)", "x"),
        ("shuffle_free", '"relu"', '"gelu"'),
    ],
)
def test_custom_block_edited_makes_other_networks_and_the_old_are_refused(
    module, function, before, after
):
    """Its key changes; neither an old space nor an old network is taken for new."""
    values = {"n_stages": 1, "stage1_block": "mine"}
    old = space_of(f"{module}:{function}")
    drawn = old.decode(values)
    build_model(drawn)
    edit(module, before, after)
    new = space_of(f"{module}:{function}")

    assert new.block_digests != old.block_digests
    assert new.decode(values).key != drawn.key
    assert new.decode(values).network_key != drawn.network_key
    with pytest.raises(SearchSpaceError, match=r"'mine' .* has changed since"):
        build_model(drawn)
    with pytest.raises(SearchSpaceError, match=r"'mine' .* has changed since"):
        load_search_space(old.to_dict())
    load_search_space(new.to_dict())


def test_custom_block_loaded_anew_in_one_process_is_registered_anew(module):
    """A notebook that reloads the module searches with what is written there now."""
    space_of(
        f"{module}:shuffle_free",
        custom_blocks={
            "mine": {
                "function": f"{module}:shuffle_free",
                "options": {"groups": [1, 2]},
            }
        },
    )
    loaded = importlib.import_module(module)
    importlib.reload(loaded)
    before = custom_functions()
    register_custom_blocks({"mine": f"{module}:shuffle_free"})

    assert find_block("mine").function is loaded.shuffle_free
    assert find_block("mine").options == {"groups": (1, 2)}
    assert custom_functions() != before
