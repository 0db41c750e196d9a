"""Test readings are counted by the models they were made for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.export.evaluate import count_reads, digest_of, evaluate_on_test
from kedro_nas.files import append_json_line
from kedro_nas.models.averaged_predictions import average_predictions
from kedro_nas.models.build import build_model
from kedro_nas.records.export import FinalFit
from kedro_nas.records.ranking import Choice, CrossValidationSummary
from kedro_nas.space.architecture import Architecture

pytestmark = pytest.mark.slow  # builds networks


@pytest.fixture
def network() -> keras.Model:
    """Give a network of one layer."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])


def test_count_reads_of_one_model_is_one_however_often(
    network: keras.Model, tmp_path: Path
) -> None:
    """Running the stage again tells nothing new about the test."""
    for _ in range(3):
        reads = count_reads(tmp_path, "data", digest_of(network))

    assert reads == 1


def test_count_reads_of_a_refitted_network_is_a_second_reading(
    network: keras.Model, tmp_path: Path
) -> None:
    """The same architecture with other weights is another model."""
    count_reads(tmp_path, "data", digest_of(network))
    network.set_weights([values + 1 for values in network.get_weights()])

    assert count_reads(tmp_path, "data", digest_of(network)) == 2


def test_count_reads_of_other_images_begins_anew(
    network: keras.Model, tmp_path: Path
) -> None:
    """Other test rows have not been read."""
    count_reads(tmp_path, "data", digest_of(network))

    assert count_reads(tmp_path, "other data", digest_of(network)) == 1


def test_count_reads_keeps_the_readings_of_earlier_versions(
    network: keras.Model, tmp_path: Path
) -> None:
    """A reading noted by the key of its architecture still counts."""
    append_json_line(
        tmp_path / "test_reads.jsonl", {"fingerprint": "data", "key": "0123456789ab"}
    )

    assert count_reads(tmp_path, "data", digest_of(network)) == 2


def _choice(network: Architecture) -> Choice:
    """Return a choice of this network."""
    return Choice(
        name="f59b63",
        key=network.key,
        architecture=network,
        is_baseline=False,
        rule="best_mean",
        objective="accuracy",
        sentence="",
        full_epochs=1,
        plan=CrossValidationSummary(finalists=1, folds=2, repeats=1, epochs=1),
    )


def test_evaluate_on_test_of_a_refitted_network_says_it_is_the_second_reading(
    digits: tuple[ImageStore, dict[str, Any]],
    small_architecture: Architecture,
    tmp_path: Path,
) -> None:
    """Fitted twice and tested three times, it was read for two models."""
    key = small_architecture.key
    choice = _choice(small_architecture)
    fit = FinalFit(key=key, epochs=1, train_loss=(1.0,), seeds=(0,), has_baseline=False)
    reads = []
    for seed in (0, 1, 0):
        model = build_model(small_architecture, seed=seed)
        metrics = evaluate_on_test(
            digits[0],
            model,
            model,
            choice,
            fit,
            tmp_path,
            tmp_path,
        )
        reads.append(metrics.reads)

    assert reads == [1, 2, 2]


@pytest.mark.parametrize("averages", [True, False])
def test_evaluate_on_test_tells_what_averaging_gains_and_costs(
    digits: tuple[ImageStore, dict[str, Any]],
    small_architecture: Architecture,
    tmp_path: Path,
    *,
    averages: bool,
) -> None:
    """In the same reading; of a model that does not average there is nothing to say."""
    # untrained, with weights for which shifts change what is right: 3 images, then 7
    network = build_model(small_architecture, seed=9)
    model = average_predictions(network, shifts=averages, flips=False)
    choice = _choice(small_architecture)
    fit = FinalFit(
        key=choice.key, epochs=1, train_loss=(1.0,), seeds=(0,), has_baseline=False
    )
    found = evaluate_on_test(digits[0], model, model, choice, fit, tmp_path, tmp_path)
    alone = evaluate_on_test(
        digits[0], network, network, choice, fit, tmp_path, tmp_path
    )

    assert alone.averaging is None
    assert alone.reads == 1  # the same weights: no further reading
    assert (found.averaging is not None) is averages
    if found.averaging is not None:
        assert found.averaging.accuracy_alone == alone.accuracy
        assert found.averaging.gain == pytest.approx(found.accuracy - alone.accuracy)
        assert found.averaging.gain != 0
        assert found.averaging.ci_low <= found.averaging.gain <= found.averaging.ci_high
        assert found.averaging.latency_s_p50_alone > 0
