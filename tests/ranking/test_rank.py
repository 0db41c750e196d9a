"""The whole ranking: by folds where they are affordable, else image by image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.finalists import build_finalist, build_search_result

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError, SearchSpaceError
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.profile import DatasetProfile, Verdict
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import Execution, Finalist, FlipEffect
from kedro_nas.search.ledger_tables import make_finalist
from kedro_nas.space.architecture import Architecture, Stage
from kedro_nas.space.registry import forget_block, register_block
from kedro_nas.statistics.image_pairs import pack_right

JOB = JobOptions(workers=1, threads_per_worker=2)
VERDICT = Verdict(n_train=9, n_folds=3, n_repeats=1)
PROFILE = DatasetProfile.model_construct(verdict=VERDICT)


def contestants(architecture: Architecture) -> list[Finalist]:
    """Give a network and a baseline that differs in its batch."""
    baseline = architecture.with_recipe(batch_size=8)
    return [
        make_finalist(architecture, None, is_baseline=False),
        make_finalist(baseline, None, is_baseline=True),
    ]


def budget_of(
    budget_s: float | None, searched_s: float, plan: BudgetPlan | None = None
) -> JobBudget:
    """Give a job's budget as its search left it."""
    budget = JobBudget(budget_s=budget_s, plan=plan or BudgetPlan(finish_s=45))
    return budget.after("search", searched_s)


def rank(
    architecture: Architecture,
    store: ImageStore,
    workspace: Path,
    *,
    job_budget_s: float | None = None,
    searched_s: float = 100.0,
    **changes: Any,
) -> Choice:
    """Rank a network and a baseline on three folds; gives what was chosen."""
    found = build_search_result(
        *contestants(architecture),
        seconds=searched_s,
        budget=budget_of(job_budget_s, searched_s),
    )
    options = RankingOptions(**{"epochs": 2, "budget_s": None, **changes})
    return rank_finalists(store, PROFILE, found, workspace, options, JOB, 0)[2]


def test_rank_finalists_budget_is_a_deadline(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds that turn out slower than planned are left out, but for the first one."""
    place = small_architecture, store, tmp_path
    pool.dies = True
    with pytest.raises(KeyboardInterrupt):
        rank(*place, budget_s=12)
    (clock,) = (tmp_path / "ranking").glob("clock-*.txt")
    clock.write_text("12.5")
    pool.dies = False
    choice = rank(*place, budget_s=12)

    assert [task.rows for task in pool.tasks] == ["fold:0:0", "fold:0:0", "fold:0:1"]
    assert pool.granted == [None, None, pytest.approx(12, abs=3)]
    assert choice.plan.reasons[-1] == "1 fold instead of 3: the budget ended"


def test_rank_finalists_budget_of_the_job_counts_a_killed_session(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """What a killed ranking spent is spent: for the folds, and for the final fit."""
    place = small_architecture, store, tmp_path
    pool.dies = True
    with pytest.raises(KeyboardInterrupt):
        rank(*place, job_budget_s=1000.0)
    (clock,) = (tmp_path / "ranking").glob("clock-*.txt")
    clock.write_text("200.0")
    pool.dies = False
    # a search that has ended and is run again takes some seconds more
    choice = rank(*place, job_budget_s=1000.0, searched_s=103.0)
    n_trained = len(pool.tasks)
    again = rank(*place, job_budget_s=1000.0, searched_s=106.0)
    killed, resumed = pool.granted[2], pool.granted[3]

    assert killed - resumed == pytest.approx(200, abs=5)
    assert 200 <= choice.seconds < 205
    assert choice.budget.spent_s["ranking"] == choice.seconds
    assert choice.budget.left_s == pytest.approx(1000 - 103 - 45 - 200, abs=5)
    assert len(pool.tasks) == n_trained == 3 + 4
    assert again.seconds == pytest.approx(choice.seconds, abs=3)
    assert again.plan == choice.plan


def test_rank_finalists_outage_ends_the_ranking_and_the_same_command_goes_on(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Storage that is away fails no contestant; folds that are done stay done."""
    pool.without_storage = True
    with pytest.raises(RankingError, match="Run the same command when") as raised:
        rank(small_architecture, store, tmp_path)
    pool.without_storage = False
    choice = rank(small_architecture, store, tmp_path)
    names = [task.task_id for task in pool.tasks]

    assert "stale" in str(raised.value)
    assert choice.plan.folds == 3
    assert len(names) == 3 + 4
    assert len(set(names)) == 6


def test_rank_finalists_with_another_budget_makes_another_plan(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A plan is followed by the ranking it was made for, and by no other."""
    rank(small_architecture, store, tmp_path, budget_s=100)
    rank(small_architecture, store, tmp_path, budget_s=1000)
    rank(small_architecture, store, tmp_path, budget_s=1000)

    assert len(list((tmp_path / "ranking").glob("schedule-*.json"))) == 2


def test_rank_finalists_choice_carries_what_the_final_training_needs(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Full epochs, execution and the whole budget travel on with the winner."""
    half = Execution(precision="mixed_bfloat16")
    budget = budget_of(None, 100.0)
    found = build_search_result(
        *contestants(small_architecture), max_epochs=7, execution=half, budget=budget
    )
    options = RankingOptions(epochs=2, budget_s=None)
    scores, table, choice = rank_finalists(
        store, PROFILE, found, tmp_path, options, JOB, 0
    )

    assert (choice.full_epochs, choice.execution) == (7, half)
    assert choice.budget.spent_s == {"search": 100.0, "ranking": choice.seconds}
    assert choice.plan.scored_on == "folds"
    assert set(scores["scored_on"]) == {"folds"}
    assert list(table["key"]) == [choice.key, *set(scores["key"]) - {choice.key}]
    assert {task.threads for task in pool.tasks} == {2}
    assert {task.epochs for task in pool.tasks} == {2}


def test_rank_finalists_out_of_memory_goes_on_with_half_the_batch_to_the_final_fit(
    small_memory: Any,
    store: ImageStore,
    small_architecture: Architecture,
    tmp_path: Path,
) -> None:
    """The winner is fitted as it was compared: with the batch that fits in memory."""
    network, baseline = contestants(small_architecture)
    found = build_search_result(network, baseline)
    fold_scores, _, choice = rank_finalists(
        store, PROFILE, found, tmp_path, RankingOptions(), JOB, 0
    )

    assert set(fold_scores["status"]) == {"completed"}
    assert choice.key == network.key
    assert choice.architecture.recipe.batch_size == 16
    assert choice.baseline is not None
    assert choice.baseline.architecture.recipe.batch_size == 8


def without_folds(*finalists: Finalist) -> Any:
    """Give the result of a search whose job affords no cross-validation."""
    plan = BudgetPlan(search_s=40, ranking_s=0.0, final_s=200, finish_s=20)
    return build_search_result(
        *finalists, max_epochs=9, budget=budget_of(300, 50, plan)
    )


def test_rank_finalists_without_seconds_for_folds_compares_validation_images(
    pool: Any, store: ImageStore, tmp_path: Path
) -> None:
    """The order is that of the search; the baseline would take 19 s of at most 16."""
    number = np.arange(9)
    found = without_folds(
        build_finalist("first1", right=number < 8, epochs=9, seconds_per_epoch=2.0),
        build_finalist("second", right=number < 3, epochs=9, seconds_per_epoch=2.0),
        build_finalist("base01", is_baseline=True, score=None),
    )
    scores, table, choice = rank_finalists(
        store, PROFILE, found, tmp_path, RankingOptions(), JOB, 0
    )

    assert pool.tasks == []
    assert (choice.key, choice.plan.scored_on) == ("first1", "validation")
    assert choice.cv_mean == pytest.approx(8 / 9)
    assert "too few full trainings" in choice.plan.reasons[0]
    assert choice.against_baseline is not None
    assert "could not be compared" in choice.against_baseline.sentence
    assert list(table["key"]) == ["first1", "second", "base01"]
    assert list(scores["status"]) == ["completed", "completed", "failed"]
    assert scores["accuracy"].iloc[:2].tolist() == pytest.approx([8 / 9, 3 / 9])
    assert scores["reason"].iloc[2] == "not trained by the search"
    assert choice.seconds < 5
    assert choice.budget.left_s == pytest.approx(300 - 50 - 20, abs=5)


def test_rank_finalists_trains_a_baseline_that_the_race_had_no_seconds_for(
    pool: Any, store: ImageStore, tmp_path: Path
) -> None:
    """A part of the final training's seconds is for the comparison with it."""
    found = without_folds(
        build_finalist("first1", right=np.arange(9) < 8, epochs=9, rung_epochs=9),
        build_finalist("base01", is_baseline=True, score=None),
    )
    rank_finalists(store, PROFILE, found, tmp_path, RankingOptions(), JOB, 0)
    (task,) = pool.tasks

    assert (task.task_id, task.epochs) == ("validation-base01", 9)


@pytest.mark.parametrize("is_trained_anew", [True, False])
def test_rank_finalists_mirrors_what_is_trained_from_now_on_and_keeps_the_keys(
    pool: Any,
    store: ImageStore,
    small_architecture: Architecture,
    tmp_path: Path,
    is_trained_anew: bool,
) -> None:
    """Folds and final training mirror images; tables name networks as the trials do."""
    network, baseline = (
        one.model_copy(
            update={
                "right": pack_right(np.arange(9) < 5),
                "rung_epochs": 9,
                "epochs": 9,
            }
        )
        for one in contestants(small_architecture)
    )
    plan = BudgetPlan(ranking_s=100.0 * is_trained_anew, final_s=100, finish_s=20)
    flips = FlipEffect(drop=0.0, standard_error=0.01, n_images=2000)
    found = build_search_result(
        network, baseline, flips=flips, budget=budget_of(300, 50, plan)
    )
    scores, table, choice = rank_finalists(
        store, PROFILE, found, tmp_path, RankingOptions(epochs=2), JOB, 0
    )

    assert choice.plan.scored_on == ("folds" if is_trained_anew else "validation")
    assert {task.architecture.recipe.augmentation for task in pool.tasks} == (
        {"light+flip"} if is_trained_anew else set()
    )
    assert choice.baseline is not None
    for one in (choice, choice.baseline):
        assert one.architecture.recipe.augmentation == "light+flip"
    assert {choice.key, choice.baseline.key} <= {network.key, baseline.key}
    assert set(table["key"]) == set(scores["key"]) == {network.key, baseline.key}
    assert table.loc[table["chosen"], "key"].tolist() == [choice.key]


@pytest.mark.parametrize(
    ("final", "expected"),
    [
        ({}, "trivial+flip"),
        ({"epochs": 9}, "light+flip"),
        ({"budget_s": 20.0}, "light+flip"),
        ({"seeds": 3}, "light+flip"),
        ({"augmentation": "as_searched"}, "light"),
    ],
)
def test_rank_finalists_augments_by_the_length_of_the_final_training(
    pool: Any,
    store: ImageStore,
    small_architecture: Architecture,
    tmp_path: Path,
    final: dict[str, Any],
    expected: str,
) -> None:
    """100 s are 100 epochs of a network of one second each; folds have two epochs."""
    found = build_search_result(
        *[
            one.model_copy(update={"seconds_per_epoch": 1.0})
            for one in contestants(small_architecture)
        ],
        flips=FlipEffect(drop=0.0, standard_error=0.01, n_images=2000),
        budget=budget_of(
            300, 50, BudgetPlan(ranking_s=100.0, final_s=100, finish_s=20)
        ),
    )
    _, _, choice = rank_finalists(
        store,
        PROFILE,
        found,
        tmp_path,
        RankingOptions(epochs=2),
        JOB,
        0,
        final=ExportOptions(**final),
    )

    assert choice.final_epochs == final.get("epochs", choice.final_epochs)
    assert choice.architecture.recipe.augmentation == expected
    in_folds = "light" if final.get("augmentation") else "light+flip"
    assert {task.architecture.recipe.augmentation for task in pool.tasks} == {in_folds}


def test_rank_finalists_for_another_final_training_is_another_ranking(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds have half of its epochs, also where an earlier ranking had others."""
    found = build_search_result(*contestants(small_architecture))

    def epochs_of_folds(final_epochs: int) -> int:
        options = RankingOptions(budget_s=None)
        final = ExportOptions(epochs=final_epochs)
        place = (store, PROFILE, found, tmp_path)
        return rank_finalists(*place, options, JOB, 0, final=final)[2].plan.epochs

    assert (epochs_of_folds(4), epochs_of_folds(8)) == (2, 4)


def test_rank_finalists_on_validation_keeps_the_proven_network_within_the_noise(
    pool: Any, store: ImageStore, tmp_path: Path
) -> None:
    """One image of nine is no reason to leave it; the sentence names the rule."""
    number = np.arange(9)
    found = without_folds(
        build_finalist("rival1", right=number < 8, epochs=9),
        build_finalist("proven", right=number < 7, epochs=9, is_proven=True),
    )
    _, table, choice = rank_finalists(
        store, PROFILE, found, tmp_path, RankingOptions(), JOB, 0
    )

    assert (choice.key, choice.rule) == ("proven", "proven_network")
    assert list(table["key"]) == ["rival1", "proven"]
    assert "is the best proven network" in choice.sentence


def test_rank_finalists_on_validation_weighs_classes_by_the_objective(
    pool: Any, store: ImageStore, tmp_path: Path
) -> None:
    """Five images of class 0, four of class 1: each class counts one half."""
    right = np.arange(9) % 2 == 0  # class 0 only
    found = without_folds(build_finalist("first1", right=right, epochs=9))
    job = JOB.model_copy(update={"objective": "balanced_accuracy"})
    scores, _, choice = rank_finalists(
        store, PROFILE, found, tmp_path, RankingOptions(), job, 0
    )

    assert choice.cv_mean == pytest.approx(0.5)
    assert scores["balanced_accuracy"].tolist() == pytest.approx([0.5])
    assert scores["accuracy"].isna().all()


def test_rank_finalists_with_a_block_that_was_edited_is_refused(
    small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds in the journal were those of the old block, the final fit would not be."""

    def mine(layers: Any, x: Any, *, filters: int, stride: int, **_: Any) -> Any:
        return layers.conv(x, filters, 3, stride=stride)

    register_block("mine", path="team:mine")(mine)
    stages = (Stage(block="mine", depth=1, width=8, kernel_size=3, stride=1),)
    edited = small_architecture.model_copy(
        update={
            "stages": stages,
            "custom_blocks": (("mine", "team:mine"),),
            "block_digests": (("mine", "as it was"),),
        }
    )
    found = build_search_result(make_finalist(edited, None, is_baseline=False))
    job = JobOptions(baseline="none")
    try:
        with pytest.raises(SearchSpaceError, match=r"'mine' .* has changed since"):
            rank_finalists(
                None,  # type: ignore[arg-type]
                PROFILE,
                found,
                tmp_path,
                RankingOptions(),
                job,
                0,
            )
    finally:
        forget_block("mine")
