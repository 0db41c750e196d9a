"""A grown network computes what the smaller one did, before its first step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.errors import TrainingError
from kedro_nas.models.build import build_model
from kedro_nas.models.grown_weights import start_grown, weights_by_path
from kedro_nas.space.architecture import Architecture, Head, Stage, Stem
from kedro_nas.space.growth import plan_growth
from kedro_nas.space.registry import block_names, find_block

PIXELS = np.random.default_rng(0).uniform(0, 255, (6, 9, 9, 3)).astype(np.float32)
# what a block cannot grow without changing its function
WIDTH_IS_FIXED = ("convnext",)  # layer norm


def network(
    block: str, head: Head | None = None, activation: str = "relu", **changes: Any
) -> Architecture:
    """Make a network whose second stage has the block; `first` is the stage before."""
    options = {name: values[0] for name, values in find_block(block).options.items()}
    first = {"block": "conv", "depth": 1, "width": 8, "kernel_size": 3, "stride": 1}
    second = {**first, "block": block, "width": 16, "stride": 2}
    second |= {"options": tuple(sorted(options.items())), **changes.pop("second", {})}
    first |= changes.pop("first", {})
    stem = {"width": 8, "kernel_size": 3, "stride": 1, **changes.pop("stem", {})}
    return Architecture(
        input_shape=(9, 9, 3),
        n_classes=4,
        stem=Stem.model_validate(stem),
        stages=(Stage.model_validate(first), Stage.model_validate(second)),
        head=head or Head(),
        activation=activation,
    )


def trained(architecture: Architecture) -> Any:
    """Build a network with weights and statistics as if it had been trained."""
    model = build_model(architecture, seed=1)
    rng = np.random.default_rng(1)
    for variable in model.variables:
        word = variable.path.rsplit("/", 1)[-1]
        noise = rng.normal(0, 0.3, variable.shape).astype(np.float32)
        if word == "moving_variance":
            variable.assign(np.abs(noise) + 0.5)
        elif word in {"gamma", "beta", "moving_mean", "bias"}:
            variable.assign(np.array(variable) + noise)
    return model


def logits(model: Any, *, training: bool = False) -> NDArray[Any]:
    """Return the class scores of fixed images, shape (6, 4)."""
    import keras

    body = keras.Model(model.input, model.get_layer("logits").output)
    return np.array(body(PIXELS, training=training))


def grown(small: Architecture, large: Architecture, model: Any) -> Any:
    """Build the larger network and give it the function of the smaller."""
    built = build_model(large, seed=2)
    start_grown(built, plan_growth(small, large), weights_by_path(model))
    return built


@pytest.mark.parametrize("block", block_names())
def test_grown_network_computes_the_same(block: str) -> None:
    """Each block may get deeper, and larger in kernel, and wider unless it is fixed."""
    is_fixed = block in WIDTH_IS_FIXED
    first = {} if is_fixed else {"width": 12}
    second = {"depth": 2, "kernel_size": 5, **({} if is_fixed else {"width": 24})}
    stem = {"kernel_size": 5, **({} if is_fixed else {"width": 12})}
    small = network(block)
    large = network(block, first=first, second=second, stem=stem)
    model = trained(small)
    expected = logits(model)
    same = grown(small, large, model)

    assert np.ptp(expected, axis=0).min() > 1e-3  # the images are told apart
    assert np.abs(logits(build_model(large, seed=2)) - expected).max() > 1e-2
    np.testing.assert_allclose(logits(same), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("attention", ["se", "eca", "cbam", "self_attention"])
@pytest.mark.parametrize("block", ["residual", "conv"])
def test_added_attention_changes_nothing_at_first(block: str, attention: str) -> None:
    """A new gate is open: neither inference nor a step of training sees it."""
    small, large = network(block), network(block, second={"attention": attention})
    model = trained(small)
    same = grown(small, large, model)

    for training in (False, True):
        np.testing.assert_allclose(
            logits(same, training=training),
            logits(model, training=training),
            rtol=1e-4,
            atol=1e-5,
        )


def test_grown_plain_block_almost_keeps_what_training_sees() -> None:
    """The norm of a new plain block undoes itself, as far as values are normal."""
    small, large = network("conv"), network("conv", second={"depth": 3})
    model = trained(small)
    same = grown(small, large, model)

    np.testing.assert_allclose(logits(same), logits(model), rtol=1e-5, atol=1e-5)
    expected = logits(model, training=True)  # changes the moving statistics
    spread = np.abs(logits(same, training=True) - expected).max()
    assert spread < 0.2 * np.abs(expected).max()


def test_grown_flattened_map_keeps_its_channels_in_place() -> None:
    """With more channels a flattened map has them at other places."""
    flat = Head(pooling="flatten", dense=12)
    small = network("residual", head=flat)
    large = network(
        "residual", head=Head(pooling="flatten", dense=16), second={"width": 24}
    )
    model = trained(small)

    np.testing.assert_allclose(
        logits(grown(small, large, model)), logits(model), rtol=1e-5, atol=1e-5
    )


def test_weights_of_another_network_are_refused() -> None:
    """Weights that are missing or of another shape are named."""
    small, large = network("conv"), network("conv", second={"width": 24})
    starts, model = plan_growth(small, large), build_model(large, seed=2)
    weights = weights_by_path(trained(small))
    wrong = {**weights, "stem_conv1/kernel": np.zeros((3, 3, 3, 9), np.float32)}
    del weights["stage1_block1_conv1/kernel"]

    with pytest.raises(TrainingError, match="lack stage1_block1_conv1/kernel"):
        start_grown(model, starts, weights)
    with pytest.raises(TrainingError, match="stem_conv1/kernel do not fit"):
        start_grown(model, starts, wrong)
