"""How a trial ended is read back from the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.trial import outcome_of

MakeDriver = Callable[..., tuple[Driver, Ledger]]


def test_outcome_of_a_line_is_the_one_that_was_written(
    make_driver: MakeDriver, scripted_pool: Callable[..., Any]
) -> None:
    """Scores, reasons, epochs and results on images survive the file."""

    def fate(task: Any, _: int) -> str:
        return "failed" if task.architecture.stages[0].width == 2 else "score"

    driver, ledger = make_driver(max_trials=3)
    driver.run(scripted_pool(1, fate))
    lines = [json.loads(json.dumps(line)) for line in ledger.of("ended")]

    read = {line["trial"]: outcome_of(line) for line in lines}
    assert len(read) == 3
    for name, trial in driver.trials.items():
        assert trial.outcome is not None
        kept = trial.outcome.model_copy(update={"memory_mb": read[name].memory_mb})
        assert read[name] == kept


def test_outcome_of_a_line_without_results_on_images_has_none() -> None:
    """Lines that an earlier version wrote do not name them."""
    line = {
        "event": "ended",
        "status": "completed",
        "reason": "",
        "score": 0.5,
        "early_stopped": True,
        "seconds": {"train": 1.0},
        "history": [],
    }

    outcome = outcome_of(line)
    assert (outcome.right, outcome.score, outcome.early_stopped) == (None, 0.5, True)
