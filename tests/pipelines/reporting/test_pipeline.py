"""The stage reads what earlier stages wrote and writes what the catalog holds."""

from __future__ import annotations

from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.pipelines.reporting import create_pipeline
from kedro_nas.pipelines.reporting.nodes import FIGURES, write_report


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


def test_write_report_node_returns_the_page_and_figures_in_order(make_results):
    """What Kedro unpacks is in the order of the outputs, from plain parameters."""
    results = make_results(n_networks=6, n_test=100)

    html, *figures = write_report(
        results.dataset_profile.to_json(),
        results.search_space.to_dict(),
        results.trials,
        results.finalists.to_json(),
        results.fold_scores,
        results.ranking,
        results.best_architecture.to_json(),
        results.test_metrics.to_json(),
        {"title": "A title"},
    )

    assert "<h1>A title</h1>" in html
    assert len(figures) == len(FIGURES)
    assert figures[FIGURES.index("confusion_matrix")].data[0].type == "heatmap"


def test_reporting_options_without_values_are_the_defaults():
    """An empty section of the parameters is a valid one."""
    assert ReportingOptions.parse(None, where="x") == ReportingOptions()
