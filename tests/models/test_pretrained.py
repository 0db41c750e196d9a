"""Backbones are cut, prepared and frozen as asked, or left out with a word."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from keras.src.utils import file_utils  # where Keras looks for downloads

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model
from kedro_nas.models.measure import count_graph_macs
from kedro_nas.models.pretrained import _without_seed
from kedro_nas.models.source import write_source
from kedro_nas.models.spaces import build_search_space, load_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.architecture import Architecture, Backbone, Head, Stage, Stem
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.testing.block_contract import pixels

SHAPE = (28, 20, 1)
DATA = DataFacts(SHAPE, 3, 5_000)


def start(**changes) -> Architecture:
    given = {"name": "mobilenet_v2", "kept": 2, "input_size": 32, "weights": "none"}
    return Architecture(
        input_shape=SHAPE,
        n_classes=3,
        stem=Stem(width=1, kernel_size=1, stride=1),
        backbone=Backbone(**(given | changes)),
    )


@pytest.fixture
def file(tmp_path):
    """Save a small classifier, as an earlier search would have exported."""
    stages = tuple(
        Stage(block="conv", depth=1, width=width, kernel_size=3, stride=2)
        for width in (8, 12)
    )
    small = Architecture(
        input_shape=SHAPE,
        n_classes=5,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=stages,
    )
    model = build_model(small, seed=9)
    model.save(tmp_path / "small.keras")
    return tmp_path / "small.keras", model


@pytest.mark.slow
def test_backbone_costs_equal_the_model_and_its_source():
    """A backbone is counted, built and written alike, its norms frozen."""
    architecture = start(unfrozen=2)
    model = build_model(architecture, seed=0)
    namespace = {"__name__": "network"}
    exec(write_source(architecture), namespace)
    written = namespace["build_model"]()
    written.set_weights(model.get_weights())

    assert costs(architecture).params == model.count_params()
    assert costs(architecture).macs == count_graph_macs(model)
    assert np.array_equal(written(pixels(SHAPE)), model(pixels(SHAPE)))
    # two kernels, the head's norm, and the class scores' kernel and bias
    assert len(written.trainable_variables) == len(model.trainable_variables) == 6


def test_backbone_from_a_file_starts_where_the_file_ended(file):
    """The kept layers carry the file's weights and take raw pixels."""
    path, model = file
    started = build_model(start(name="keras_file", kept=5, weights=str(path)))
    body = started.get_layer("backbone")

    assert body.output.shape == (None, 7, 5, 12)
    assert np.array_equal(
        body.get_layer("stem_conv1").get_weights()[0],
        model.get_layer("stem_conv1").get_weights()[0],
    )
    assert not body.trainable_variables


@pytest.mark.parametrize("pooling", ["average", "flatten"])
@pytest.mark.parametrize("dense", [0, 16])
def test_backbone_starts_undecided_over_normalised_features(file, pooling, dense):
    """A new head says nothing at first, so it cannot spoil the body it stands on."""
    path, _ = file
    architecture = start(name="keras_file", kept=5, weights=str(path)).model_copy(
        update={"head": Head(pooling=pooling, dense=dense)}
    )
    model = build_model(architecture, seed=0)
    kinds = [type(layer).__name__ for layer in model.layers]
    body = kinds.index("Functional")

    assert kinds[body + 1 : body + 3][-1] == "BatchNormalization"
    assert np.allclose(model(pixels(SHAPE)), 1 / 3)
    assert costs(architecture).params == model.count_params()


def test_backbone_from_a_file_kept_less_is_cut_earlier(file):
    """`kept` counts halvings from the pixels on."""
    path, _ = file
    started = build_model(start(name="keras_file", kept=1, weights=str(path)))

    assert started.get_layer("backbone").output.shape == (None, 14, 10, 8)


@pytest.mark.parametrize(("unfrozen", "variables"), [(0, 0), (1, 1), (2, 2), (3, 9)])
def test_backbone_norms_are_free_only_when_everything_is(file, unfrozen, variables):
    """Kernels are freed from the top; the norms with the last of them."""
    path, _ = file
    given = {"name": "keras_file", "kept": 5, "weights": str(path)}
    body = build_model(start(unfrozen=unfrozen, **given)).get_layer("backbone")

    assert len(body.trainable_variables) == variables


def test_backbone_reinitialised_at_the_top_keeps_the_rest_of_the_file(file):
    """The upper layer and its norm are drawn by our seed, and learn though frozen."""
    path, model = file
    given = {"name": "keras_file", "kept": 5, "weights": str(path), "reinitialised": 1}
    bodies = [
        build_model(start(**given), seed=seed).get_layer("backbone")
        for seed in (0, 0, 1)
    ]
    weights = [body.get_weights() for body in bodies]
    top = [w.path.split("/")[0] for w in bodies[0].trainable_variables]
    norm = bodies[0].get_layer("stage2_block1_norm1")

    assert sorted(set(top)) == ["stage2_block1_conv1", "stage2_block1_norm1"]
    for layer in bodies[0].layers:
        learnt = model.get_layer(layer.name).get_weights()
        kept = map(np.array_equal, learnt, layer.get_weights())
        assert all(kept) or layer.name.startswith("stage2")
    assert np.array_equal(norm.gamma, np.ones(12))
    assert all(map(np.array_equal, weights[0], weights[1]))
    assert not all(map(np.array_equal, weights[0], weights[2]))
    assert not np.array_equal(
        bodies[0].get_layer("stage2_block1_conv1").get_weights()[0],
        model.get_layer("stage2_block1_conv1").get_weights()[0],
    )


@pytest.mark.parametrize("config", ["team>seeded", None])
def test_without_seed_leaves_what_is_no_initialiser_with_a_seed(config):
    """Keras writes a function of the user's by its name, not as a mapping."""
    value = {"class_name": "function", "config": config}

    assert _without_seed(value) == value
    assert _without_seed({"config": {"seed": 3}}) == {"config": {"seed": None}}


def test_backbone_whose_file_is_missing_says_so(tmp_path):
    """A missing file is one clear message."""
    missing = str(tmp_path / "absent.keras")
    with pytest.raises(SearchSpaceError, match="keras_file cannot be loaded"):
        build_model(start(name="keras_file", weights=missing))


def test_backbone_of_a_file_with_other_content_is_another_network(file):
    """The weights are part of the key, and the old network is not built of the new."""
    path, model = file
    options = SearchSpaceOptions.model_validate(
        {
            "preset": "tiny",
            "pretrained": {"backbones": ["keras_file"], "weights": str(path)},
        }
    )
    values = {"backbone": "keras_file"}
    old = build_search_space(options, DATA, seed=0)
    build_model(old.decode(values))
    model.set_weights([2 * weight for weight in model.get_weights()])
    model.save(path)
    new = build_search_space(options, DATA, seed=0)

    assert old.weights_digest != new.weights_digest
    assert old.decode(values).key != new.decode(values).key
    assert (
        start(weights="none")
        .backbone.model_dump()
        .keys()
        .isdisjoint({"weights_digest"})
    )
    with pytest.raises(SearchSpaceError, match="have changed since the search began"):
        build_model(old.decode(values))
    with pytest.raises(SearchSpaceError, match="have changed since the search space"):
        load_search_space(old.to_dict())


def test_space_with_a_missing_file_drops_the_branch_with_a_note(tmp_path):
    """Never a silent change: the branch is gone and the report says why."""
    options = SearchSpaceOptions.model_validate(
        {
            "preset": "tiny",
            "pretrained": {
                "backbones": ["keras_file"],
                "weights": str(tmp_path / "absent.keras"),
            },
        }
    )
    space = build_search_space(options, DATA, seed=0)

    assert "backbone" not in space.choices
    assert "keras_file was left out" in space.notes[0]


def test_space_without_a_network_drops_imagenet_and_nothing_else(
    monkeypatch, tmp_path, caplog
):
    """No download is one sentence for log and report, and the space as without it."""

    def no_network(*_args, **_kwargs):
        raise socket.gaierror("no network")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    wanted = {"pretrained": {"backbones": ["mobilenet_v3_small"], "input_size": [32]}}
    space = build_search_space(
        SearchSpaceOptions.model_validate({"preset": "tiny", **wanted}), DATA, seed=0
    )
    plain = build_search_space(SearchSpaceOptions(preset="tiny"), DATA, seed=0)

    assert len(space.notes) == 1
    assert "mobilenet_v3_small was left out" in space.notes[0]
    assert "no network" in space.notes[0]
    assert "give its path" in space.notes[0]
    assert space.notes[0] in caplog.text
    assert (space.choices, space.bounds) == (plain.choices, plain.bounds)
    assert space.anchors == plain.anchors


def test_space_with_a_file_draws_and_tries_it(file):
    """The branch is drawn as often as its share says, and is an anchor."""
    path, _ = file
    options = SearchSpaceOptions.model_validate(
        {
            "preset": "tiny",
            "pretrained": {
                "backbones": ["keras_file"],
                "weights": str(path),
                "share": 0.5,
                "kept": [1, 5],
                "unfrozen": [0, 2],
            },
        }
    )
    space = build_search_space(options, DATA, seed=0)
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng) for _ in range(60)]
    started = [architecture for architecture in drawn if architecture.backbone]

    assert 15 < len(started) < 45
    assert all(space.decode(space.encode(a)) == a for a in drawn)
    assert space.anchors[-1].backbone.kept == 5


def test_space_with_an_unknown_backbone_hints_at_the_closest():
    """A misspelt backbone is an error, not a dropped branch."""
    options = SearchSpaceOptions.model_validate(
        {"pretrained": {"backbones": ["mobilenetv2"]}}
    )
    with pytest.raises(SearchSpaceError, match="Did you mean 'mobilenet_v2'"):
        build_search_space(options, DATA, seed=0)
