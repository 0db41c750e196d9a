"""From the ledger to tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.tables import (
    incumbents,
    make_finalist,
    rank_correlations,
    results_on_images,
    trials_table,
)
from kedro_nas.space.architecture import Architecture, Stage, Stem

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
    correlations = rank_correlations(trials_table(ledger.events))

    assert best == sorted(best)
    assert len(set(best)) == len(best)
    assert correlations
    assert all(
        row.kendall_tau is not None and -1 <= row.kendall_tau <= 1
        for row in correlations
    )


def _best_epoch(
    scores: list[float], balanced: list[float] | None = None, **begun: Any
) -> int:
    """Give the table's best epoch of one trial with these curves."""
    history = [
        {
            "epoch": n,
            "train_loss": 1.0,
            "val_loss": 1.0,
            "val_accuracy": score,
            "val_balanced_accuracy": other,
            "learning_rate": 0.1,
            "seconds_train": 1.0,
            "seconds_validate": 0.1,
        }
        for n, (score, other) in enumerate(
            zip(scores, balanced or scores, strict=True), 1
        )
    ]
    created = {
        "event": "created",
        "t": 0.0,
        "trial": "a",
        "parent": None,
        "iteration": 0,
        "bracket": 0,
        "rung": 0,
        "epoch_start": 0,
        "epochs": len(scores),
        "architecture": SMALL.to_dict(),
    }
    ended = {
        "event": "ended",
        "t": 1.0,
        "trial": "a",
        "status": "completed",
        "reason": "",
        "score": 0.5,
        "seconds": {},
        "seconds_under_way": 0.0,
        "history": history,
    }
    epochs = [
        {"event": "epoch", "t": 0.0, "trial": "a", "worker": 0, **epoch}
        for epoch in history
    ]
    first = {"event": "begun", "t": 0.0, "n_scored": 2000.0, **begun}
    return int(trials_table([first, created, *epochs, ended])["best_epoch"].iloc[0])


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
    trials = trials_table(ledger.events).set_index("trial_id", drop=False)
    networks = trials["architecture"].map(Architecture.model_validate_json)
    batches = networks.map(lambda network: network.recipe.batch_size)
    small = trials[batches == 16]
    entry = make_finalist(networks[small.index[-1]], small.iloc[-1], is_baseline=False)

    assert set(small["network_key"]) == {numbered(9).network_key}
    assert set(batches[trials["network_key"] == numbered(9).network_key]) == {16}
    assert list(small["key"]) == [network.key for network in networks[small.index]]
    assert entry.architecture.recipe.batch_size == 16
    assert entry.key == small["key"].iloc[-1]


def test_rank_correlations_of_equal_scores_are_null(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """Where all scores are equal there is no order, and no NaN in a JSON file."""
    driver, ledger = make_driver("equal", max_epochs=16, factor=2, max_trials=31)
    driver.run(scripted_pool(1))
    trials = trials_table(ledger.events).assign(score=0.5)
    found = rank_correlations(trials)

    assert found
    assert {entry.kendall_tau for entry in found} == {None}
    json.dumps([entry.model_dump() for entry in found], allow_nan=False)


def test_results_on_images_are_those_of_the_trials_that_have_any() -> None:
    """A trial scored on a share of the images, or of an earlier version, has none."""
    ended = {"event": "ended", "t": 1.0}
    events = [
        {"event": "started", "trial": "a"},
        {**ended, "trial": "a", "right": "gA=="},
        {**ended, "trial": "b", "right": None},
        {**ended, "trial": "c"},
    ]

    assert results_on_images(events) == {"a": "gA=="}


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
