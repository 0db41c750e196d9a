"""Test readings are counted by the models they were made for."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from kedro_nas.export.evaluate import count_reads, digest_of
from kedro_nas.files import append_json_line

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
