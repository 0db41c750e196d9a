"""`kedro_nas.pipelines.reporting.nodes`: all results in, page and figures out."""

from __future__ import annotations

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.pipelines.reporting.nodes import FIGURES, write_report


def _write(results, reporting):
    return write_report(
        results.dataset_profile.to_json(),
        results.search_space.to_dict(),
        results.trials,
        results.finalists.to_json(),
        results.fold_scores,
        results.ranking,
        results.best_architecture.to_json(),
        results.test_metrics.to_json(),
        reporting,
    )


def test_write_report_node_returns_the_page_and_figures_in_order(make_results):
    """What Kedro unpacks is in the order of the outputs, from plain parameters."""
    html, *figures = _write(
        make_results(n_networks=6, n_test=100), {"title": "A title"}
    )

    assert "<h1>A title</h1>" in html
    assert len(figures) == len(FIGURES)
    assert figures[FIGURES.index("confusion_matrix")].data[0].type == "heatmap"


def test_write_report_node_names_a_misspelt_option(results):
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'title'"):
        _write(results, {"titel": "A title"})
