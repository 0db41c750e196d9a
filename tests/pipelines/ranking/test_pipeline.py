"""`kedro_nas.pipelines.ranking`: what the stage reads and writes."""

from __future__ import annotations

from kedro_nas.pipelines.ranking import create_pipeline


def test_ranking_pipeline_reads_no_options_of_the_search() -> None:
    """What the stages share is a section of its own."""
    stage = create_pipeline()

    assert stage.inputs() == {
        *("dataset", "dataset_profile", "finalists", "workspace"),
        *("params:ranking", "params:job", "params:seed"),
    }
    assert stage.all_outputs() == {"fold_scores", "ranking", "best_architecture"}
