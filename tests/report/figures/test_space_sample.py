"""The figure of a search space."""

from __future__ import annotations

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.report.figures.space_sample import draw_search_space
from kedro_nas.report.figures.theme import FONT
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import build_search_space

DATA = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=8_000)


def test_search_space_figure_shows_draws_anchors_and_bounds() -> None:
    """It has the cloud, the anchors and a line per bound, in the look of the report."""
    space = build_search_space(SearchSpaceOptions(), DATA, seed=0)
    figure = draw_search_space(space, seed=0)

    assert len(figure.data[0].x) == 500
    assert list(figure.data[1].x) == [costs(anchor).params for anchor in space.anchors]
    assert len(figure.layout.shapes) == 2
    assert figure.layout.font.family == FONT


def test_search_space_figure_of_measured_blocks_draws_fewer() -> None:
    """Networks that have to be built to be counted are drawn sixty times only."""
    space = build_search_space(SearchSpaceOptions(), DATA, seed=0)
    measured = space.model_copy(update={"measured": {"block": {}}})
    figure = draw_search_space(measured, seed=0)

    assert len(figure.data[0].x) == 60
    assert figure.data[0].name.startswith("60 random networks that fit")


def test_search_space_figure_is_the_same_for_the_same_seed() -> None:
    """The sample is drawn from the root seed."""
    space = build_search_space(SearchSpaceOptions(), DATA, seed=0)
    measured = space.model_copy(update={"measured": {"block": {}}})
    points = [list(draw_search_space(measured, seed).data[0].x) for seed in (1, 1, 2)]

    assert points[0] == points[1] != points[2]
