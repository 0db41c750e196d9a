"""Starts from a file: one's own model, and `keras.applications` up to the export."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.export.formats import EXPORTERS, missing_packages
from kedro_nas.export.parity import ParitySample, check_parity, predict_in_batches
from kedro_nas.models.build import build_model
from kedro_nas.models.measure import count_graph_macs
from kedro_nas.models.source import write_source
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.space.architecture import Architecture, Backbone, Stem
from kedro_nas.space.backbones import digest_weights
from kedro_nas.space.costs import costs
from kedro_nas.testing.block_contract import pixels
from kedro_nas.training.tasks import Task
from kedro_nas.training.unit import Unit
from kedro_nas.training.workers.messages import TaskMessage
from kedro_nas.training.workers.process import TaskServer

pytestmark = pytest.mark.slow

FAMILIES = {
    "mobilenet_v3_small": "MobileNetV3Small",
    "efficientnet_v2_b0": "EfficientNetV2B0",
}
N_UNFROZEN = 2
HEAD = {"head_norm1/gamma", "head_norm1/beta", "logits/kernel", "logits/bias"}


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def weights(request: Any, tmp_path_factory: Any) -> tuple[str, Path, Any]:
    """Save random weights as a family's download is: without top, at another size."""
    import keras

    keras.utils.set_random_seed(1)
    family = getattr(keras.applications, FAMILIES[request.param])
    whole = family(include_top=False, weights=None, input_shape=(96, 96, 3))
    path = tmp_path_factory.mktemp("weights") / "no_top.weights.h5"
    whole.save_weights(path)
    return request.param, path, whole


@pytest.fixture(scope="module")
def architecture(
    weights: tuple[str, Path, Any], digits: tuple[ImageStore, dict[str, Any]]
) -> Architecture:
    """Draw the branch from a space built on the file."""
    name, path, _ = weights
    options = SearchSpaceOptions.model_validate(
        {
            "preset": "tiny",
            "max_params": "none",
            "max_macs": "none",
            "max_depth": "none",
            "batch_size": [32],
            "dense": [0],
            "pretrained": {
                "backbones": [name],
                "weights": str(path),
                "kept": [3],
                "unfrozen": [N_UNFROZEN],
                "reinitialised": [0],
                "input_size": [32],
                "share": 1.0,
            },
        }
    )
    space = build_search_space(options, DatasetProfile.read(digits[1]).facts, seed=0)
    drawn = space.sample(np.random.default_rng(0))

    assert space.notes == ()
    assert drawn.family == name
    return drawn


def test_application_from_a_file_carries_its_weights_and_is_counted(
    weights: tuple[str, Path, Any], architecture: Architecture
) -> None:
    """Each kept layer has the file's values, whatever the size; the count is exact."""
    model = build_model(architecture, seed=0)
    kept = model.get_layer("backbone").get_weights()
    file = weights[2].get_weights()[: len(kept)]

    assert len(kept) > N_UNFROZEN
    assert all(np.array_equal(a, b) for a, b in zip(kept, file, strict=True))
    assert costs(architecture).params == model.count_params()
    assert costs(architecture).macs == count_graph_macs(model)


def test_application_from_a_file_has_a_source_of_its_own(
    architecture: Architecture,
) -> None:
    """The written file builds the same network from Keras alone."""
    model = build_model(architecture, seed=0)
    source = write_source(architecture)
    namespace: dict[str, Any] = {"__name__": "network"}
    exec(source, namespace)
    written = namespace["build_model"]()
    written.set_weights(model.get_weights())
    x = pixels(architecture.input_shape)

    assert "kedro_nas" not in source
    assert np.array_equal(np.asarray(written(x)), np.asarray(model(x)))


def test_application_from_a_file_is_tuned_in_two_phases_and_exported(
    make_task: Callable[..., Task], architecture: Architecture, tmp_path: Path
) -> None:
    """First the head alone, then the freed layers too; then exported it is the same.

    Of one network every format is compared, of the other the first.
    """
    task = make_task(architecture=architecture, epochs=1, schedule_epochs=10)
    started = trained_weights(build_model(architecture, seed=0))
    after_head = trained_weights(train(task))
    model = train(task.model_copy(update={"epochs": 2}))
    after_both = trained_weights(model)
    body = set(started) - HEAD

    assert len(body) == N_UNFROZEN
    assert all(np.array_equal(started[name], after_head[name]) for name in body)
    assert not any(np.array_equal(after_head[n], after_both[n]) for n in started)

    x = pixels(architecture.input_shape, 8).astype(np.uint8)
    assert architecture.backbone is not None
    # the dropout inside EfficientNet V2 stays in an ONNX file, which no runtime knows
    is_first_only = architecture.backbone.name.startswith("efficientnet")
    others = () if is_first_only else ("saved_model", "litert", "onnx")
    exact = [EXPORTERS[one] for one in ("keras", *others)]
    exporters = [each for each in exact if not missing_packages(each)]
    for each in exporters:
        each.export(model, tmp_path)
    expected = predict_in_batches(model, x)
    sample = ParitySample(x, expected.argmax(-1), expected)

    assert set(check_parity(sample, exporters, tmp_path, ExportOptions())) == {
        each.name for each in exporters
    }


@pytest.fixture
def own_file(small_architecture: Architecture, tmp_path: Path) -> Architecture:
    """Start from a classifier of one's own, its last convolution anew."""
    build_model(small_architecture, seed=9).save(tmp_path / "earlier.keras")
    return Architecture(
        input_shape=small_architecture.input_shape,
        n_classes=small_architecture.n_classes,
        stem=Stem(width=1, kernel_size=1, stride=1),
        recipe=small_architecture.recipe,
        backbone=Backbone(
            name="keras_file",
            kept=5,
            unfrozen=99,
            reinitialised=1,
            input_size=8,
            weights=str(tmp_path / "earlier.keras"),
        ),
    )


@pytest.mark.parametrize("fault", ["missing", "another"])
def test_own_file_that_is_missing_or_another_is_an_outage(
    make_task: Callable[..., Task], own_file: Architecture, fault: str
) -> None:
    """No candidate is failed for a file that went away: the stage stops, resumably."""
    assert own_file.backbone is not None
    weights = Path(own_file.backbone.weights)
    known = {"weights_digest": digest_weights(str(weights))}
    backbone = own_file.backbone.model_copy(update=known)
    task = make_task(architecture=own_file.model_copy(update={"backbone": backbone}))
    weights.unlink()
    if fault == "another":
        weights.write_bytes(b"of another model")
    channel = io.StringIO()
    TaskServer(channel).serve(TaskMessage(task=task))
    outcome = json.loads(channel.getvalue().splitlines()[-1])["outcome"]

    assert outcome["status"] == "outage"
    assert outcome["outage"]["path"] == str(weights)


def test_own_file_trains_what_starts_anew_with_the_head(
    make_task: Callable[..., Task], own_file: Architecture
) -> None:
    """In the first phase the reinitialised top learns, what was learnt does not."""
    task = make_task(architecture=own_file, epochs=1, schedule_epochs=10)
    unit = Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)
    started = trained_weights(unit.learner.model)
    unit.run()
    after_head = trained_weights(unit.learner.model)
    moved = {n for n in started if not np.array_equal(started[n], after_head[n])}

    assert moved >= HEAD
    assert {name.split("_block")[0] for name in moved - HEAD} == {"stage1"}
    assert all(
        np.array_equal(after_head[n], file_weights(own_file)[n])
        for n in set(started) - moved
    )


def test_own_file_freed_whole_resumes_bit_for_bit(
    make_task: Callable[..., Task], own_file: Architecture
) -> None:
    """Stopped between the phases and gone on with, weights are as if never stopped."""
    architecture = own_file
    task = make_task(architecture=architecture, epochs=4, schedule_epochs=10)
    whole = train(task.model_copy(update={"checkpoint": None}))
    head_only = train(task.model_copy(update={"epochs": 1}))
    resumed = train(task)

    assert not any(
        np.array_equal(a, b)
        for a, b in zip(head_only.get_weights(), whole.get_weights(), strict=True)
    )
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(a, b)


def train(task: Task) -> Any:
    """Train a task and return its Keras model; its checkpoint is gone on from."""
    unit = Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)
    assert unit.run().status == "completed"
    return unit.learner.model


def file_weights(architecture: Architecture) -> dict[str, Any]:
    """Read the trainable weights of the file that an architecture starts from."""
    import keras

    assert architecture.backbone is not None
    model = keras.models.load_model(architecture.backbone.weights, compile=False)
    return trained_weights(model)


def trained_weights(model: Any) -> dict[str, Any]:
    """Copy every trainable weight, by its path."""
    return {weight.path: np.array(weight.value) for weight in model.trainable_weights}
