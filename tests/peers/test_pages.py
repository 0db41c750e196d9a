"""Tables and figure are written from the rows, and from nothing else."""

from __future__ import annotations

import pytest
from peer_runs import pages
from peer_runs.pages import fill_sections, text_table, write_pages
from peer_runs.rows import PeerResults

from .conftest import BENCHMARKS

TEMPLATE = """# Peers
<!-- peers: errors -->
an old table
<!-- end of peers -->
between
<!-- peers: details -->
<!-- end of peers -->
after
"""
EMPTY = TEMPLATE.replace("an old table\n", "")


@pytest.fixture
def rows(make_row):
    """Two tools on two seeds, a fifth, a kill, and a tool without a model."""
    return [
        *(make_row("kedro-nas", acc, seed=i) for i, acc in enumerate((0.92, 0.94))),
        *(make_row("optuna", acc, seed=i) for i, acc in enumerate((0.88, 0.92))),
        make_row("autokeras", None, failure="gone"),
        make_row("kedro-nas", 0.91, seconds=60.0),
        make_row("optuna", 0.87, killed_at_s=150.0, lost_s=12.4),
    ]


def test_pages_without_rows_show_no_table():
    """No figure stands on a page before it is measured; an old one is removed."""
    assert fill_sections(TEMPLATE, [], figure="f.html") == EMPTY
    assert text_table([]) == pages.NO_TABLE
    assert "a peer on the same images" in pages.NO_TABLE


def test_table_shows_mean_range_and_margin(rows):
    """Each cell is the mean of its seeds with the lowest and the highest."""
    text = text_table(rows)

    assert "| test error, % | pets, 300 s |" in text
    assert "| kedro-nas | 7.0 (6.0 to 8.0) |" in text
    assert "| Optuna TPE and HyperbandPruner, our space | 10.0 (8.0 to 12.0) |" in text
    assert "| AutoKeras ImageClassifier | no model |" in text
    assert "| error of kedro-nas below the best peer's by | 30 % |" in text


def test_table_says_when_and_where_it_was_measured(rows, make_row):
    """Date, machine and seeds stand below it, and whether other work ran."""
    busy = make_row("random", 0.8, load_before=1.7)

    assert "seeds 0, 1" in text_table(rows)
    assert "2026-11-27, 2 cores (fast), nothing else ran" in text_table(rows)
    assert "when 1 of 8 runs began" in text_table([*rows, busy])
    first = [row for row in rows if row.seed == 0]
    assert "One run each, seed 0; 2026-11-27" in text_table(first)


def test_a_lost_contest_is_shown(make_row):
    """A negative margin is written as it is."""
    text = text_table([make_row("kedro-nas", 0.8), make_row("optuna", 0.9)])

    assert "below the best peer's by | -100 % |" in text


def test_details_show_costs_fifth_and_kills(rows):
    """Memory, shares, the run of a fifth and what a kill cost are on the page."""
    text = fill_sections(TEMPLATE, rows, figure="f.html")

    assert "[The errors as a figure](../images/f.html)" in text
    assert "| kedro-nas | 7.0 (6.0 to 8.0) | 1,000 | 116 | 48 % | 2.0 | 10 | 200 |" in (
        text
    )
    assert "With a fifth of the time, 60 s, kedro-nas has 9.0 % test error" in text
    assert "| pets | 150 | 12 | 13.0 | 12.0 |" in text
    assert "an old table" not in text
    assert text.endswith("after\n")


def test_sections_written_twice_are_the_same(rows):
    """Writing a page again changes nothing."""
    once = fill_sections(TEMPLATE, rows, figure="f.html")

    assert fill_sections(once, rows, figure="f.html") == once
    assert fill_sections(once, [], figure="f.html") == EMPTY


def test_figure_is_written_and_removed_with_the_rows(rows, tmp_path):
    """The figure exists when there are rows for it."""
    places = {name: tmp_path / name for name in ("readme", "page", "figure")}
    for name in ("readme", "page"):
        places[name].write_text(TEMPLATE)

    write_pages(rows, **places)
    drawn = places["figure"].read_text()
    write_pages([], **places)

    assert "Optuna TPE" in drawn
    assert not places["figure"].exists()
    assert places["page"].read_text() == EMPTY


def test_figure_has_a_panel_for_each_contest_and_a_bar_for_each_model(rows, make_row):
    """Bars show means; a tool without a model has none."""
    other = make_row("random", 0.7, data="birds")
    figure = pages.draw(pages.standings([*rows, other]))

    assert [trace.y for trace in figure.data] == [
        ("Random search, our space",),
        ("Optuna TPE and HyperbandPruner, our space", "kedro-nas"),
    ]
    assert figure.data[1].x == pytest.approx((10.0, 7.0))
    assert figure.data[1].error_x.array == pytest.approx((2.0, 1.0))


@pytest.mark.parametrize("page", [pages.README, pages.PAGE])
def test_pages_show_the_rows_that_are_kept(page):
    """README and docs are what `compare_peers.py --pages` writes from peers.json."""
    rows = PeerResults.read(BENCHMARKS / "results" / "peers.json").rows
    text = page.read_text()

    assert "<!-- peers: errors -->" in text
    assert fill_sections(text, rows, figure=pages.FIGURE.name) == text
    assert pages.FIGURE.exists() == bool(pages.standings(rows))
