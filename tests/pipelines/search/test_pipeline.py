"""`kedro_nas.pipelines.search`: what the stage reads and writes."""

from __future__ import annotations

from kedro_nas.pipelines.search import create_pipeline


def test_search_pipeline_reads_its_options_and_those_of_the_job() -> None:
    """It reads no section of another stage; the budget is that of the whole job."""
    stage = create_pipeline()

    assert stage.inputs() == {
        *("dataset", "search_space", "dataset_profile", "workspace"),
        *("params:search", "params:job", "params:budget_s", "params:seed"),
    }
    assert stage.all_outputs() == {"trials", "finalists"}
