"""An architecture becomes a Keras model others can rely on."""

from __future__ import annotations

import random  # noqa: TID251 - Keras draws its default seeds from it
import subprocess
import sys

import numpy as np
import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model, normalisation
from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.testing.block_contract import pixels

SHAPE = (12, 10, 3)


def net(**changes) -> Architecture:
    stage = Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2)
    given = {
        "input_shape": SHAPE,
        "n_classes": 4,
        "stem": Stem(width=8, kernel_size=3, stride=2),
        "stages": (stage,),
    }
    return Architecture(**(given | changes))


def test_build_names_what_other_parts_look_for():
    """Input, logits and probabilities have the names the engine and export use."""
    model = build_model(net())

    assert model.inputs[0].name == "pixels"
    assert model.get_layer("logits").output.shape == (None, 4)
    assert model.layers[-1].name == "probabilities"
    assert {"stem_conv1", "stage1_block1_norm1"} <= {x.name for x in model.layers}


def test_build_normalises_inside_the_model():
    """Raw pixels go in; mean and deviation are part of the network."""
    plain = build_model(net(), seed=0)
    shifted = build_model(net(), mean=[0, 0, 0], std=[255, 255, 255], seed=0)
    x = pixels(SHAPE)

    assert np.array_equal(plain(x), shifted(x))
    assert normalisation(1, [100.0], [0.0]) == {"scale": [1.0], "offset": [-100.0]}


def test_build_leaves_global_generators_alone():
    """Building a seeded model changes no one else's random numbers."""
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global state is what is tested
    expected = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    build_model(net(head=Head(dropout=0.5)), seed=3)

    assert (random.getstate(), np.random.get_state()[1].tolist()) == expected  # noqa: NPY002


def test_build_takes_the_momentum_of_the_norms():
    """Small data need quick norms, large data slow ones."""
    model = build_model(net(), bn_momentum=0.97)

    assert model.get_layer("stem_norm1").momentum == 0.97


def test_build_unknown_block_names_the_architecture():
    """The error tells which network was to be built."""
    stage = Stage(block="conf", depth=1, width=8, kernel_size=3, stride=1)
    with pytest.raises(SearchSpaceError) as caught:
        build_model(net(stages=(stage,)))

    assert "stem 8/2 · conf3 8" in str(caught.value)
    assert "Did you mean 'conv'" in str(caught.value)


@pytest.mark.slow
def test_saved_model_loads_where_we_are_not_installed(tmp_path):
    """A fresh process without this package reads the file under safe mode."""
    stage = Stage(
        block="bottleneck",
        depth=1,
        width=8,
        kernel_size=3,
        stride=1,
        attention="self_attention",
        options=(("pre_activation", True), ("reduction", 2)),
    )
    model = build_model(net(stages=(stage,), activation="hard_swish"), seed=0)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", pixels(SHAPE))
    script = (
        "import sys, numpy as np, keras\n"
        "sys.modules['kedro_nas'] = None\n"
        "model = keras.models.load_model('model.keras', safe_mode=True)\n"
        "np.save('y.npy', model(np.load('x.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)

    difference = np.load(tmp_path / "y.npy") - np.asarray(model(pixels(SHAPE)))
    assert np.abs(difference).max() < 1e-6
