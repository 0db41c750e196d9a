"""The picture of a search space."""

from __future__ import annotations

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.report.figures.space_sample import draw_search_space
from kedro_nas.report.figures.theme import FONT
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import build_search_space


def test_search_space_figure_shows_draws_anchors_and_bounds() -> None:
    """It has the cloud, the anchors and a line per bound, in the look of the report."""
    data = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)
    space = build_search_space(SearchSpaceOptions(), data, seed=0)
    figure = draw_search_space(space, seed=0)

    assert len(figure.data[0].x) == 500
    assert list(figure.data[1].x) == [costs(anchor).params for anchor in space.anchors]
    assert len(figure.layout.shapes) == 2
    assert figure.layout.font.family == FONT
