"""The stage reads what earlier stages wrote and writes what the catalog holds."""

from __future__ import annotations

from kedro_nas.pipelines.reporting import create_pipeline
from kedro_nas.pipelines.reporting.nodes import FIGURES


def test_create_pipeline_reads_all_results_but_no_pixels():
    """The report needs no images: the dataset itself is not an input."""
    assert create_pipeline().inputs() == {
        "dataset_profile", "search_space", "trials", "finalists", "fold_scores",
        "ranking", "best_architecture", "test_metrics", "params:reporting",
    }  # fmt: skip


def test_create_pipeline_names_the_node_after_its_function():
    """One node, tagged with its stage, writing the page and seven figures."""
    (node,) = create_pipeline().nodes

    assert node.name == "write_report"
    assert node.tags == {"reporting"}
    assert node.outputs == ["report", *FIGURES]
