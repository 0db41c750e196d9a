"""A whole job ends with its budget, kills included, and uses it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.export import long_fit
from kedro_nas.export.evaluate import evaluate_on_test
from kedro_nas.export.export import export_model
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.team_run import run_on_team
from kedro_nas.training.workers.lease import lease_pool

BUDGET_S = 46.0  # of all cores; some 20 s of them are kept for import and finish
# A batch and a validation of these networks are milliseconds, the building of a last
# network seconds; the rest is for a machine that runs something else as well.
TOLERANCE_S = 20.0


@pytest.fixture
def killed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the final training once, after a second of it."""
    kills = [1]

    def run(*args: Any, on_epoch: Callable[[Epoch], None], **options: Any) -> Outcome:
        began = time.monotonic()

        def hear(epoch: Epoch) -> None:
            on_epoch(epoch)
            if kills and time.monotonic() > began + 1:
                kills.pop()
                raise KeyboardInterrupt

        return run_on_team(*args, on_epoch=hear, **options)

    monkeypatch.setattr(long_fit, "run_on_team", run)


@pytest.mark.slow
def test_whole_job_ends_within_its_budget_though_it_is_killed(
    digits: tuple[ImageStore, dict[str, Any]],
    make_task: Callable[..., Task],
    tmp_path: Path,
    killed_once: None,
) -> None:
    """Search and training that would take hours end in time, with a tested model."""
    store, profile = digits[0], DatasetProfile.read(digits[1])
    job = JobOptions(workers=2)
    export = ExportOptions(formats=("keras",))
    search = SearchOptions(
        max_epochs=4096, min_steps=1, patience=4096, progress="off", finalists=2
    )
    with lease_pool(job, tmp_path / "workers.log") as pool:  # their imports
        tasks = [make_task(task_id=name, epochs=1, checkpoint=None) for name in "ab"]
        run_tasks(pool, tasks, journal=tmp_path / "warm.jsonl", fingerprint="warm")
    began = time.monotonic()
    space = build_search_space(
        SearchSpaceOptions(preset="cpu"), DatasetProfile.read(digits[1]).facts, seed=0
    )
    _, found = search_architectures(
        store, space, profile, tmp_path, search, job, budget_s=BUDGET_S, seed=0
    )
    searched = time.monotonic() - began
    _, _, choice = rank_finalists(
        store, profile, found, tmp_path, RankingOptions(), job, 0
    )
    with pytest.raises(KeyboardInterrupt):
        fit_final_models(store, profile, choice, tmp_path, export, job, 0)
    time.sleep(1.0)  # between two sessions nothing is counted
    models = fit_final_models(store, profile, choice, tmp_path, export, job, 0)
    exports = export_model(models.winner, choice, store, export)
    metrics = evaluate_on_test(
        store, models.winner, models.baseline, choice, models.record, exports, tmp_path
    )
    seconds = time.monotonic() - began
    plan, spent_s = found.budget.plan, choice.budget.spent_s

    assert found.search.ended_by == "budget"
    assert searched < (plan.search_s or 0) + TOLERANCE_S
    assert choice.budget.budget_s == BUDGET_S
    assert set(spent_s) == {"data_preparation", "search_space", "search", "ranking"}
    assert choice.budget.left_s is not None
    # the final training fills what is left to it, and no more
    assert models.record.seconds == pytest.approx(choice.budget.left_s, abs=10)
    assert np.isfinite(metrics.accuracy)
    assert metrics.epochs_final_fit == models.record.epochs
    assert seconds < BUDGET_S + TOLERANCE_S
