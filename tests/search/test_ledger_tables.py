"""From the ledger to tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kedro_nas.records.trials import TRIAL_DTYPES
from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import (
    SearchBegun,
    SearchIdentity,
    TrialCreated,
    TrialEnded,
    TrialStarted,
)
from kedro_nas.search.ledger_tables import (
    ends_of_trials,
    incumbents,
    make_finalist,
    rank_correlations,
    trial_rows,
    trials_table,
)
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.training.tasks import Epoch

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]
SMALL = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1),),
)


def test_tables_incumbent_rises_and_correlations_are_per_rung(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """The incumbent's curve never falls, and rung orders are compared in [-1, 1]."""
    driver, ledger = make_driver("tables", max_epochs=16, factor=2, max_trials=31)
    driver.run(scripted_pool(1))
    best = [row.score for row in incumbents(ledger.events)]
    correlations = rank_correlations(trials_table(trial_rows(ledger.events)))

    assert best == sorted(best)
    assert len(set(best)) == len(best)
    assert correlations
    assert all(
        row.kendall_tau is not None and -1 <= row.kendall_tau <= 1
        for row in correlations
    )


def _best_epoch(
    scores: list[float],
    balanced: list[float] | None = None,
    objective: str = "accuracy",
) -> int | None:
    """Give the best epoch of a trial with these curves."""
    history = tuple(
        Epoch(
            epoch=number,
            train_loss=1.0,
            val_accuracy=score,
            val_balanced_accuracy=other,
            learning_rate=0.1,
            seconds_train=1.0,
        )
        for number, (score, other) in enumerate(
            zip(scores, balanced or scores, strict=True), 1
        )
    )
    begun = SearchBegun(
        belongs=SearchIdentity({}), seed=0, objective=objective, n_scored=2000.0
    )
    created = TrialCreated(
        trial="a",
        key=SMALL.key,
        architecture=SMALL,
        iteration=0,
        bracket=0,
        rung=0,
        epoch_start=0,
        epochs=len(scores),
    )
    ended = TrialEnded(t=1.0, trial="a", status="completed", score=0.5, history=history)
    (row,) = trial_rows([begun, created, ended])
    return row.best_epoch


def test_tables_best_epoch_is_the_last_that_is_not_clearly_worse() -> None:
    """On a plateau the whole schedule counts; a clear fall ends it earlier."""
    assert _best_epoch([0.5, 0.8, 0.89, 0.892, 0.888, 0.89]) == 6
    assert _best_epoch([0.5, 0.8, 0.89, 0.85, 0.82, 0.80]) == 3


def test_tables_best_epoch_is_that_of_the_objective() -> None:
    """Where balanced accuracy is maximised, accuracy has no say in the best epoch."""
    curves = [0.90, 0.85, 0.80, 0.70], [0.50, 0.60, 0.75, 0.60]

    assert _best_epoch(*curves, objective="accuracy") == 1
    assert _best_epoch(*curves, objective="balanced_accuracy") == 3


def test_tables_candidate_out_of_memory_is_a_finalist_with_the_batch_it_had(
    make_driver: MakeDriver, scripted_pool: Pool, numbered: Callable[..., Architecture]
) -> None:
    """Half of the batch that did not fit is what ranking and final fit go on with."""

    def fate(task: Any, attempt: int) -> str:
        is_first = task.architecture.stages[0].width == 9 and task.epoch_start == 0
        return "oom" if is_first and attempt == 1 else "score"

    driver, ledger = make_driver("oom")
    driver.run(scripted_pool(1, fate))
    rows = trial_rows(ledger.events)
    small = [row for row in rows if row.network.recipe.batch_size == 16]
    of_that_network = [row for row in rows if row.network_key == small[0].network_key]
    entry = make_finalist(small[-1].network, small[-1], is_baseline=False)

    assert {row.network_key for row in small} == {numbered(9).network_key}
    assert of_that_network == small
    assert [row.key for row in small] == [row.network.key for row in small]
    assert entry.architecture.recipe.batch_size == 16
    assert entry.key == small[-1].key


def test_rank_correlations_of_equal_scores_are_null(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """Where all scores are equal there is no order, and no NaN in a JSON file."""
    driver, ledger = make_driver("equal", max_epochs=16, factor=2, max_trials=31)
    driver.run(scripted_pool(1))
    trials = trials_table(trial_rows(ledger.events)).assign(score=0.5)
    found = rank_correlations(trials)

    assert found
    assert {entry.kendall_tau for entry in found} == {None}
    json.dumps([entry.model_dump() for entry in found], allow_nan=False)


def test_ends_of_trials_are_those_that_have_ended() -> None:
    """What a finalist is compared by comes from the line with which its trial ended."""
    events = [
        TrialStarted(trial="a", worker=0),
        TrialEnded(trial="a", status="completed", right="gA=="),
        TrialEnded(trial="b", status="completed"),
    ]

    ends = ends_of_trials(events)
    entry = make_finalist(SMALL, None, is_baseline=False, ended=ends["a"])

    assert set(ends) == {"a", "b"}
    assert (entry.right, entry.resampled) == ("gA==", None)


def test_trials_table_has_the_columns_and_types_of_a_row(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """An empty table and a full one have the same columns, of the same types."""
    driver, ledger = make_driver("typed", max_trials=3)
    driver.run(scripted_pool(1))
    full = trials_table(trial_rows(ledger.events))
    empty = trials_table([])

    assert len(full) == 3
    assert dict(full.dtypes) == dict(empty.dtypes)
    assert list(full.columns) == list(TRIAL_DTYPES)


def test_finalist_the_search_did_not_train_knows_no_score(
    small_architecture: Architecture,
) -> None:
    """A baseline that was only built has costs, and nothing that was measured."""
    entry = make_finalist(small_architecture, None, is_baseline=True)

    assert entry.is_baseline
    assert entry.params > 0
    assert (entry.score, entry.epochs, entry.seconds_per_epoch, entry.right) == (
        (None,) * 4
    )


def test_finalist_that_was_grown_says_nothing_of_the_epochs_it_needs(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """From fresh weights it would need more than those after its ancestor's."""
    driver, ledger = make_driver("grown", max_trials=12, inherits=True)
    driver.run(scripted_pool(1))
    rows = trial_rows(ledger.events)
    entries = [make_finalist(row.network, row, is_baseline=False) for row in rows]
    grown = [one for one in entries if one.ancestor_epochs]

    assert grown
    assert len(grown) < len(entries)
    assert all((one.best_epoch is None) == bool(one.ancestor_epochs) for one in entries)
