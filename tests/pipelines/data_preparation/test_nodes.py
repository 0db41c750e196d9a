"""`kedro_nas.pipelines.data_preparation.nodes`: options of either kind, JSON out."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.pipelines.data_preparation.nodes import prepare_images
from kedro_nas.records.profile import DatasetProfile


def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (60, 8, 10, 1), np.uint8), np.arange(60) % 3


def test_node_takes_options_of_either_kind(tmp_path):
    """Kedro hands over a model or, where it cannot validate, a dictionary."""
    options = DataPreparationOptions(n_folds=2)
    first, _ = prepare_images(images(), tmp_path / "a", options, 0)
    second, _ = prepare_images(images(), tmp_path / "b", {"n_folds": 2}, 0)

    assert first.fingerprint == second.fingerprint


def test_node_names_a_misspelt_option(tmp_path):
    """An unknown key is an error with a suggestion."""
    with pytest.raises(ParameterError, match="did you mean 'n_folds'"):
        prepare_images(images(), tmp_path, {"n_fold": 2}, 0)


def test_node_returns_a_profile_that_later_stages_can_read(tmp_path):
    """What is written as JSON is the record that other nodes read."""
    store, profile = prepare_images(images(), tmp_path, {}, 0)

    assert DatasetProfile.read(profile).fingerprint == store.fingerprint
