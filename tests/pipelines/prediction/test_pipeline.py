"""The stage reads new images and exports, and writes the table."""

from __future__ import annotations

from kedro_nas.pipelines.prediction import create_pipeline


def test_create_pipeline_reads_neither_model_nor_training_images() -> None:
    """The exported files are all it needs, so Keras is not loaded."""
    (node,) = create_pipeline().nodes

    assert create_pipeline().inputs() == {"images_new", "exports", "params:prediction"}
    assert node.outputs == ["predictions"]
    assert node.name == node.func.__name__ == "predict_images"
    assert node.tags == {"prediction"}
