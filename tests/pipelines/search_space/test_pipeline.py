"""`kedro_nas.pipelines.search_space`: what the stage reads and writes."""

from __future__ import annotations

from kedro_nas.pipelines.search_space import create_pipeline


def test_search_space_pipeline_reads_and_writes_what_the_catalog_names():
    """Inputs and outputs are those of docs/reference/files.md."""
    stage = create_pipeline()

    assert stage.inputs() == {
        "dataset_profile",
        "device_profiles",
        "params:search_space",
        "params:seed",
    }
    assert stage.all_outputs() == {"search_space", "search_space_figure"}
