"""Rows: which are known already, and how they are kept."""

from __future__ import annotations

import json

import pytest
from peer_runs.rows import Case, Machine, PeerResults, Row, best_so_far

from kedro_nas.environment import describe_environment

CASE = Case(tool="optuna", data="pets", seconds=300.0, seed=0)
MACHINE = Machine(processor="fast", cores=2)


def test_results_are_read_as_they_were_written(tmp_path, make_row):
    """A row survives the file, also one without a model."""
    path = tmp_path / "peers.json"
    rows = (make_row("optuna"), make_row("autokeras", None, failure="no memory"))
    PeerResults(rows=rows).write(path)

    assert PeerResults.read(path).rows == rows
    assert json.loads(path.read_text())["rows"][0]["tool"] == "optuna"


def test_results_without_a_file_are_empty(tmp_path):
    """The first run of all starts with no rows."""
    assert PeerResults.read(tmp_path / "none.json").rows == ()


def test_results_find_the_row_of_a_case(make_row):
    """Seed, seconds, data and a kill tell cases apart."""
    row = make_row("optuna")
    results = PeerResults(rows=(row,))

    assert results.find(CASE) == row
    assert results.find(CASE.model_copy(update={"seed": 1})) is None
    assert results.find(CASE.model_copy(update={"killed_at_s": 150.0})) is None


def test_a_new_row_replaces_the_one_of_its_case(make_row):
    """A case measured again has one row, the last."""
    results = PeerResults(rows=(make_row("optuna", 0.8), make_row("random", 0.7)))

    found = results.with_row(make_row("optuna", 0.9)).rows

    assert [(row.tool, row.test_accuracy) for row in found] == [
        ("random", 0.7),
        ("optuna", 0.9),
    ]


@pytest.mark.parametrize(
    ("change", "current"),
    [
        ({}, True),
        ({"versions": {"keras": "4"}}, False),
        ({"code": "xyz"}, False),
        ({"machine": Machine(processor="slow", cores=2)}, False),
        ({"machine": Machine(processor="fast", cores=4)}, False),
        ({"machine": Machine(processor="fast", cores=2, platform="new")}, True),
        ({"failure": "no memory", "test_accuracy": None}, False),
    ],
)
def test_a_row_is_current_with_the_same_versions_code_and_machine(
    change, current, make_row
):
    """What would be measured otherwise today is measured again, and so is a failure."""
    row = make_row("optuna", **change)

    assert row.is_current({"keras": "3"}, "abc", MACHINE) is current


def test_machine_is_that_of_the_environment():
    """Rows say on what their seconds were measured."""
    environment = describe_environment()
    machine = Machine.of(environment)

    assert (machine.processor, machine.cores) == (
        environment.processor,
        environment.cores,
    )


def test_row_knows_its_error_and_its_case(make_row):
    """Tables show errors; a row without a model has none."""
    assert make_row("optuna", 0.875).test_error == 0.125
    assert make_row("optuna", None).test_error is None
    assert make_row("optuna").case == CASE


def test_row_refuses_a_figure_it_does_not_know(make_row):
    """A result of another contract is not taken for one of this."""
    with pytest.raises(ValueError, match="speed"):
        Row(**{**make_row("optuna").model_dump(), "speed": 1})


def test_best_so_far_only_rises():
    """A curve shows the best validation accuracy until each second."""
    assert best_so_far([(1, 0.5), (2, 0.4), (3, 0.5), (4, 0.6)]) == [(1, 0.5), (4, 0.6)]
    assert best_so_far([]) == []
