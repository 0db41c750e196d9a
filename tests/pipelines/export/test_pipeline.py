"""`kedro_nas.pipelines.export`: the order of its nodes, and what they read."""

from __future__ import annotations

from kedro_nas.pipelines.export import create_pipeline


def test_export_pipeline_reads_the_test_after_the_exports() -> None:
    """The order of nodes is: fit, export and prove, then test."""
    names = [node.name for node in create_pipeline().nodes]

    assert names == ["fit_final_models", "export_model", "evaluate_on_test"]


def test_export_pipeline_reads_no_options_of_search_and_ranking() -> None:
    """What the stages share is a section of its own; the choice has the budget."""
    stage = create_pipeline()

    assert {name for name in stage.inputs() if name.startswith("params:")} == {
        *("params:export", "params:job", "params:seed")
    }
    assert stage.outputs() == {"test_metrics"}
    assert {"model", "exports"} <= stage.all_outputs()
