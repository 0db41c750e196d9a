"""The pipeline is one node that takes whatever stands behind `images`."""

from __future__ import annotations

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from kedro_nas.datasets import ImageStoreDataset
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.pipelines.data_preparation import create_pipeline
from kedro_nas.pipelines.data_preparation.nodes import prepare_images


def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (60, 8, 10, 1), np.uint8), np.arange(60) % 3


def test_pipeline_has_the_agreed_shape():
    """One node, named after its function, with stable inputs and outputs."""
    pipeline = create_pipeline()

    assert [node.name for node in pipeline.nodes] == ["prepare_images"]
    assert pipeline.outputs() == {"dataset", "dataset_profile"}
    assert pipeline.inputs() == {
        "images", "workspace", "params:data_preparation", "params:seed",
    }  # fmt: skip
    assert pipeline.nodes[0].tags == {"data_preparation"}


def test_pipeline_runs_with_arrays_from_an_upstream_node(tmp_path):
    """Arrays in memory become the persisted store."""
    catalog = DataCatalog(
        {
            "images": MemoryDataset(images(), copy_mode="assign"),
            "workspace": MemoryDataset(tmp_path / "workspace"),
            "params:data_preparation": MemoryDataset({"n_folds": 3}),
            "params:seed": MemoryDataset(7),
            "dataset": ImageStoreDataset(path=str(tmp_path / "dataset")),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    store = catalog.load("dataset")

    assert store.image_shape == (8, 10, 1)
    assert store.n_folds == 3
    assert len(store.rows("train")) + len(store.rows("val")) == 48


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
