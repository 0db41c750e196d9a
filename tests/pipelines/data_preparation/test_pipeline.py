"""The pipeline is one node that takes whatever stands behind `images`."""

from __future__ import annotations

import numpy as np
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from kedro_nas.datasets import ImageStoreDataset
from kedro_nas.pipelines.data_preparation import create_pipeline


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
