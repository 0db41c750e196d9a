"""The page stands on its own, and stands when things are missing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from jinja2 import StrictUndefined, UndefinedError
from tests.latency_checks import measured

from kedro_nas import number_text
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.records.latency import ExportLatency, FormatLatency
from kedro_nas.report.page import Report, _refuses_undefined, write_report
from kedro_nas.space.architecture import CustomModel

SECTIONS = [
    "answer", "leaderboard", "size", "search", "choices", "network", "mistakes",
    "costs", "data", "sheet",
]  # fmt: skip
FIGURES = {
    "learning_curves", "pareto_front", "fold_scores_figure", "confusion_matrix",
    "time_spent", "search_history", "choice_importance",
}  # fmt: skip
MAX_BYTES = 6_000_000


class Reader(HTMLParser):
    """Collects ids, elements and the visible text, and checks that tags close."""

    VOID = frozenset({"meta", "link", "img", "rect", "line", "circle", "path", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.text, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.text.append(data)


def read(report: Report) -> Reader:
    reader = Reader()
    reader.feed(report.html)
    assert reader.open == []
    return reader


def words(report: Report) -> str:
    return re.sub(r"\s+", " ", " ".join(read(report).text))


def write(results, **options) -> Report:
    return write_report(results, ReportingOptions(**options))


@pytest.fixture(scope="module")
def report(results):
    """Return the page of an ordinary job."""
    return write(results)


def test_write_report_has_the_sections_in_order(report):
    """The answer comes first and the reproducibility sheet last."""
    ids = [name for name in read(report).ids if name in SECTIONS]

    assert ids == SECTIONS


def test_write_report_returns_every_figure_of_the_catalog(report):
    """The figures are those the catalog has an entry for, and each has data."""
    assert set(report.figures) == FIGURES
    assert all(len(figure.data) for figure in report.figures.values())


def test_write_report_asks_nothing_of_the_network(report):
    """No element names an address, and the policy would forbid it anyway."""
    addresses = [
        value
        for _, attributes in read(report).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action") and value
    ]

    assert all(value.startswith(("data:", "#")) for value in addresses)
    assert "default-src 'none'" in report.html


def test_write_report_stays_below_six_megabytes(report):
    """Plotly, pictures and figures together fit the promised size."""
    assert len(report.html.encode()) < MAX_BYTES


def test_write_report_of_the_same_results_is_the_same_page(results, report):
    """Nothing random and no clock enters the page."""
    assert write(results).html == report.html


def test_write_report_of_two_hundred_classes_with_long_names_stays_small(make_results):
    """200 names of 60 characters are listed whole and the page stays small."""
    names = tuple(
        f"{'a very long class name ' * 3}"[:55] + f" {n:04d}" for n in range(200)
    )

    page = write(make_results(class_names=names, n_networks=12, n_test=600))

    assert len(page.html.encode()) < MAX_BYTES
    assert names[199] in words(page)


def test_write_report_of_a_thousand_networks_stays_small(make_results):
    """A long search is drawn whole, in a page that can still be mailed."""
    page = write(make_results(n_networks=1200))

    assert len(page.html.encode()) < MAX_BYTES


def test_write_report_escapes_class_names(make_results):
    """A class called like an element is shown as text and never becomes one."""
    evil = "</script><script>alert(1)</script>"

    page = write(
        make_results(
            n_networks=12, class_names=(evil, "<img src=x onerror=y>", "cat & dog")
        )
    )

    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    assert evil in words(page)


def test_write_report_at_chance_says_no_better_than_chance(make_results):
    """Noise is called noise in the first line of the answer."""
    page = write(make_results(accuracy=0.1, n_networks=12))

    assert "No better than chance" in words(page)


def test_write_report_of_a_winner_above_chance_does_not_say_chance(report):
    """The sentence is not there when the interval lies above chance."""
    assert "No better than chance" not in words(report)


def test_write_report_without_a_baseline_says_so(make_results):
    """A job without a baseline has a page that names what is missing."""
    page = write(make_results(with_baseline=False, n_networks=12))

    assert "No baseline was trained" in words(page)
    assert "Against the baseline" not in words(page)


def test_write_report_of_one_finalist_has_nothing_to_compare(make_results):
    """One contestant is a leaderboard of one."""
    page = write(make_results(n_finalists=1, n_networks=12, with_baseline=False))

    assert "Nothing else was scored on the same images" in words(page)


def test_write_report_of_a_search_ended_in_its_first_rung_still_draws(make_results):
    """A budget that ended before any promotion leaves a page with too few trials."""
    page = write(make_results(n_networks=3, n_rungs=1, n_finalists=2))

    assert "Too few networks were trained alike" in words(page)
    assert set(page.figures) == FIGURES


def test_write_report_of_failed_trials_only_still_stands(make_results):
    """When no trial was scored and the baseline won, the page says why."""
    results = make_results()
    trials = results.trials.assign(
        status="failed", reason="out of memory", score=np.nan
    )
    trials["val_accuracy_by_epoch"] = [[] for _ in range(len(trials))]

    page = write(replace(results, trials=trials))

    assert "out of memory" in words(page)
    assert set(page.figures) == FIGURES


def test_write_report_of_an_empty_search_still_stands(make_results):
    """No trial at all is drawn as nothing, not as an error."""
    results = make_results()
    search = results.finalists.search.model_copy(
        update={"rank_correlation": (), "incumbent": ()}
    )
    finalists = results.finalists.model_copy(update={"search": search})
    empty = replace(results, trials=results.trials.iloc[:0], finalists=finalists)

    page = write(empty)

    assert set(page.figures) == FIGURES


def test_write_report_after_a_round_trip_through_files_is_the_same(
    results, report, tmp_path
):
    """CSV and Parquet as Kedro stores them give the same page."""
    for name in ("trials", "fold_scores"):
        getattr(results, name).to_parquet(tmp_path / name)
    results.ranking.to_csv(tmp_path / "ranking.csv", index=False)
    stored = replace(
        results,
        trials=pd.read_parquet(tmp_path / "trials"),
        fold_scores=pd.read_parquet(tmp_path / "fold_scores"),
        ranking=pd.read_csv(tmp_path / "ranking.csv"),
    )

    assert words(write(stored)) == words(report)


def test_write_report_with_prices_shows_money_and_without_asks_for_them(
    results, report
):
    """Money appears where its price was given, and nowhere else."""
    priced = write(results, costs={"cloud_price_per_hour": 0.5, "currency": "EUR"})

    assert "Rented machine" in words(priced)
    assert "Set prices under nas.reporting.costs" in words(report)


def test_write_report_of_a_repeated_test_reading_warns(results):
    """A test split read for three models is said before anything else."""
    test_metrics = results.test_metrics.model_copy(update={"reads": 3})

    page = write(replace(results, test_metrics=test_metrics))

    assert "read for 3 different models" in words(page)


def test_write_report_counts_a_single_confusion_as_once(results):
    """Of a good network most confusions are one image."""
    names = results.test_metrics.class_names
    matrix = [[5 if a == b else 0 for b in names] for a in names]
    matrix[0][1] = 1
    test = results.test_metrics.model_copy(
        update={"confusion_matrix": tuple(map(tuple, matrix))}
    )
    said = words(write(replace(results, test_metrics=test)))

    assert f"{names[0]} taken for {names[1]} once (" in said
    assert f"{names[1]} 1 times" not in said


def test_write_report_of_a_space_that_lost_a_branch_says_so(results):
    """What was left out of the space is told on the page, never silently."""
    note = "The pretrained branch mobilenet_v2 was left out: no <network>"
    search_space = results.search_space.model_copy(update={"notes": (note,)})

    page = write(replace(results, search_space=search_space))

    assert note in words(page)


def test_write_report_of_a_winner_not_from_the_space_has_no_diagram(results):
    """A user's own baseline that won is reported without being drawn."""
    model = CustomModel(function="my.models:build", digest="0" * 12, gives="logits")
    theirs = results.best_architecture.architecture.model_copy(
        update={"stages": (), "custom_model": model}
    )
    best = results.best_architecture.model_copy(update={"architecture": theirs})

    page = write(replace(results, best_architecture=best))

    assert "there is no diagram of it" in words(page)


def test_write_report_names_the_epochs_of_the_final_fit(results):
    """They are those of the export stage, the choice does not know them."""
    test = results.test_metrics.model_copy(update={"epochs_final_fit": 17})

    assert "epochs of the final fit 17" in words(
        write(replace(results, test_metrics=test))
    )


def test_filter_of_a_name_that_does_not_exist_raises():
    """A misspelt field of a record is an error, not a dash on the page."""
    whole = _refuses_undefined(number_text.whole)

    assert whole(1200) == "1,200"
    with pytest.raises(UndefinedError, match="epochs"):
        whole(StrictUndefined(name="epochs"))


def test_write_report_with_a_title_uses_it(results):
    """The heading is the user's when given."""
    assert "<h1>Moths &amp; more</h1>" in write(results, title="Moths & more").html


def test_write_report_shows_the_latency_of_exported_files(make_results):
    """Milliseconds come with threads and machine; without a measurement none."""
    made = make_results()
    latency = ExportLatency(
        processor="Board 4",
        cores=4,
        platform="Linux",
        formats={
            "litert": FormatLatency(one_thread=measured(3.0), all_threads=measured(1.5))
        },
    )
    metrics = made.test_metrics.model_copy(update={"latency": latency})
    page = write_report(replace(made, test_metrics=metrics), ReportingOptions()).html

    assert "Latency of the exported files" in page
    assert "One image on Board 4, 4 cores" in page
    assert (
        "Latency of the exported files"
        not in write_report(made, ReportingOptions()).html
    )


def test_bounds_are_shown_as_they_were_resolved(results):
    """Half a millisecond is no bound of 0, and a yes or no is no number."""
    space = results.search_space
    bounds = space.bounds.model_copy(
        update={"max_latency_ms": 0.5, "max_params": 50_000, "macs_are_auto": True}
    )
    bounded = replace(results, search_space=space.model_copy(update={"bounds": bounds}))
    text = words(write(bounded))

    assert "max_latency_ms 0.5 " in text
    assert "max_params 50,000 " in text
    assert "macs_are_auto" not in text
