"""A whole job ends with its budget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro_nas.accounting.job_budget import left_s

from kedro_nas.data.store import ImageStore
from kedro_nas.export.evaluate import evaluate_on_test
from kedro_nas.export.export import export_model
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.cross_validation import _whole_folds, rank_finalists
from kedro_nas.search.search import search_architectures
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.lease import lease_pool

BUDGET_S = 90.0
# A batch and a validation of these networks are milliseconds, the building of a last
# network seconds; the rest is for a machine that runs something else as well.
TOLERANCE_S = 20.0


def test_whole_folds_of_a_cut_one_no_contestant_keeps_it(
    make_task: Any,
) -> None:
    """A fold the deadline cut for one contestant counts for none."""
    tasks: list[Task] = [
        make_task(task_id=f"{fold}-{key}", rows=f"fold:0:{fold}")
        for fold in (0, 1)
        for key in "ab"
    ]
    outcomes = {
        task.task_id: Outcome(status="completed", fold_scores={"accuracy": 0.5})
        for task in tasks
    }
    outcomes["1-b"] = Outcome(status="stopped")

    whole, said = _whole_folds(tasks, outcomes)

    assert [whole[t.task_id].status for t in tasks] == [
        *["completed"] * 2,
        *["stopped"] * 2,
    ]
    assert whole["1-a"].fold_scores is None
    assert said == ["1 fold instead of 2: the budget ended"]
    assert _whole_folds(tasks[:2], outcomes) == (outcomes, [])


@pytest.mark.slow
def test_whole_job_ends_within_the_pipelines_budget(
    digits: tuple[ImageStore, dict[str, Any]], make_task: Any, tmp_path: Path
) -> None:
    """Search, folds and fit that would take hours end in time, with a tested model."""
    store, profile = digits
    search = SearchOptions(
        budget_s=None,
        pipeline_budget_s=BUDGET_S,
        reserved_share=0.75,
        max_epochs=4096,
        min_steps=1,
        patience=4096,
        workers=2,
        progress="off",
    )
    ranking = RankingOptions(
        budget_s=None, epochs=2000, final_epochs=100_000, final_budget_s=None
    )
    with lease_pool(search, tmp_path / "workers.log") as pool:  # their imports
        run_tasks(
            pool,
            [make_task(task_id=name, epochs=1, checkpoint=None) for name in "ab"],
            journal=tmp_path / "warm.jsonl",
            fingerprint="warm",
        )
    began = time.monotonic()
    space = build_search_space(SearchSpaceOptions(preset="cpu"), profile, seed=0)
    _, finalists = search_architectures(
        store, space.to_dict(), profile, tmp_path, search, ranking, 0
    )
    searched = time.monotonic() - began
    left = left_s(search, profile["seconds"] + space.seconds + searched)
    _, _, best = rank_finalists(store, profile, finalists, tmp_path, ranking, search, 0)
    model, other, fit = fit_final_models(
        store, profile, best, tmp_path, search, ranking, 0
    )
    exports = export_model(model, best, store, ExportOptions(formats=("keras",)))
    metrics = evaluate_on_test(store, model, other, best, fit, exports, tmp_path)
    seconds = time.monotonic() - began

    assert finalists["search"]["ended_by"] == "budget"
    assert searched < BUDGET_S * 0.25 + TOLERANCE_S
    assert left is not None
    assert best["seconds"] + fit["seconds"] < left + TOLERANCE_S
    assert fit["epochs"] < 100_000
    assert np.isfinite(metrics["accuracy"])
    assert seconds < BUDGET_S + TOLERANCE_S
