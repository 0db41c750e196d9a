"""`kedro_nas.pipelines.ranking`: what the stage reads and writes."""

from __future__ import annotations

from kedro_nas.pipelines.ranking import create_pipeline


def test_ranking_pipeline_reads_no_options_of_the_search() -> None:
    """What the stages share is a section of its own."""
    stage = create_pipeline()

    assert stage.inputs() == {
        *("dataset", "dataset_profile", "finalists", "workspace"),
        *("params:ranking", "params:export", "params:job", "params:seed"),
        *("trials", "search_space", "device_profiles"),  # the table of all networks
    }
    assert stage.all_outputs() == {
        *("fold_scores", "ranking", "best_architecture"),
        "pareto_table",
    }


def test_a_profile_of_a_device_that_comes_later_needs_no_second_ranking() -> None:
    """The table of all networks is a node of its own."""
    table = create_pipeline().only_nodes("tabulate_front")

    assert "device_profiles" in table.inputs()
    assert not {"dataset", "workspace"} & table.inputs()
