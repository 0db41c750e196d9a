"""Networks without blocks are written down, too."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from kedro_nas.models.body_source import write_backbone, write_custom_model
from kedro_nas.models.build import build_model
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.models.source import write_source
from kedro_nas.space.architecture import Architecture, Backbone, Stem


def network_on(backbone: Backbone | None) -> Architecture:
    return Architecture(
        input_shape=(28, 28, 1),
        n_classes=3,
        stem=Stem(width=1, kernel_size=1, stride=1),
        backbone=backbone,
    )


@pytest.mark.usefixtures("team_own")
def test_write_custom_model_builds_by_the_function_it_names():
    """The file imports the function, and gives the network that was measured."""
    architecture = read_custom_baseline("team_own:logits", (8, 8, 1), 3)
    text = write_custom_model(architecture)
    namespace = {"__name__": "network"}
    exec(text, namespace)
    written = namespace["build_model"]()

    assert "from team_own import logits" in text
    assert "a custom model" in ast.get_docstring(ast.parse(text))
    assert written.count_params() == build_model(architecture).count_params()


def test_write_custom_model_of_another_network_is_empty(small_architecture):
    """What has blocks is written by them."""
    assert write_custom_model(small_architecture) == ""


def test_write_backbone_of_a_network_without_one_has_no_lines(small_architecture):
    """Nothing is imported that is not used."""
    assert write_backbone(small_architecture) == []


@pytest.mark.parametrize(("unfrozen", "trained"), [(0, 0), (2, 2)])
def test_write_backbone_freezes_the_layers_the_model_has_frozen(unfrozen, trained):
    """The written network trains the same weights, and predicts the same."""
    backbone = Backbone(
        name="mobilenet_v2", kept=2, unfrozen=unfrozen, input_size=32, weights="none"
    )
    architecture = network_on(backbone)
    built = build_model(architecture, seed=0)
    namespace = {"__name__": "network"}
    exec(write_source(architecture), namespace)
    written = namespace["build_model"]()
    written.set_weights(built.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1))
    body = written.get_layer("backbone")

    assert len(written.trainable_weights) == len(built.trainable_weights)
    assert sum(layer.trainable for layer in body.layers if layer.weights) == trained
    np.testing.assert_allclose(
        np.asarray(written(pixels.astype("float32"))),
        np.asarray(built(pixels.astype("float32"))),
        atol=1e-6,
    )
