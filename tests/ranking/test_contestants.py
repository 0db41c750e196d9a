"""Who is compared, before anything is trained and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.finalists import build_finalist, build_search_result

from kedro_nas.errors import RankingError
from kedro_nas.ranking.contestants import (
    as_trained,
    baseline_key,
    full_epochs,
    select_contestants,
    within_plan,
)
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.search.ledger_tables import make_finalist
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task

A, B = build_finalist("a"), build_finalist("b")
BASELINE = build_finalist("base", is_baseline=True)


@pytest.mark.parametrize(
    ("made", "wanted"), [("auto", "team:net"), ("team:net", "auto"), ("none", "team:n")]
)
def test_invite_with_another_baseline_than_the_search_made_is_refused(
    made: str, wanted: str
) -> None:
    """The table would compare with a network nobody asked for."""
    found = build_search_result(A, BASELINE, baseline=made)

    with pytest.raises(RankingError, match=f"finalists with {made}") as raised:
        select_contestants(found, wanted)
    assert "Run the search stage again" in str(raised.value)


@pytest.mark.parametrize(
    ("made", "wanted", "keys"),
    [
        ("auto", "auto", ["a", "base"]),
        ("none", "auto", ["a", "base"]),
        ("team:net", "team:net", ["a", "base"]),
        ("team:net", "none", ["a"]),
    ],
)
def test_invite_takes_the_baseline_that_is_there_or_leaves_it_out(
    made: str, wanted: str, keys: list[str]
) -> None:
    """Leaving the baseline out, or taking ours in, needs no new search."""
    found = build_search_result(A, BASELINE, baseline=made)

    assert [one.key for one in select_contestants(found, wanted)] == keys


@pytest.mark.parametrize(
    ("best_epochs", "expected"), [([3], 3), ([2, 4], 4), ([2, 9, 4], 4), ([], 4)]
)
def test_full_epochs_is_the_median_best_epoch_of_those_that_reached_the_top(
    best_epochs: list[int], expected: int
) -> None:
    """Without any that reached the top, the whole schedule of four epochs counts."""
    top = [build_finalist(f"{n}", epochs=4, best_epoch=n) for n in best_epochs]
    short = build_finalist("short", epochs=1, best_epoch=1)

    found = build_search_result(*top, short, BASELINE, max_epochs=4)

    assert full_epochs(found) == expected


def _plan(n_finalists: int) -> CrossValidationPlan:
    return CrossValidationPlan(n_finalists, 2, 1, 3, expected_s=1.0)


def test_within_plan_compares_a_baseline_that_was_found_once() -> None:
    """The search may find the baseline by itself; it is then the baseline."""
    found = build_finalist("base")

    assert within_plan([A, found, B, BASELINE], _plan(3)) == [A, B, BASELINE]
    assert within_plan([A, B, BASELINE], _plan(1)) == [A, BASELINE]


def test_as_trained_gives_the_smallest_batch_of_all_folds(
    make_task: Callable[..., Task], small_architecture: Architecture
) -> None:
    """One fold that had to be halved twice decides for the final training."""
    one = make_finalist(small_architecture, None, is_baseline=False)
    tasks = [make_task(task_id=name) for name in "xyz"]
    batches = zip(tasks, (32, 8, 16), strict=True)
    trained = {
        task.task_id: task.model_copy(
            update={"architecture": small_architecture.with_recipe(batch_size=batch)}
        )
        for task, batch in batches
    }

    (found,) = as_trained([one], tasks, trained)

    assert found.architecture.recipe.batch_size == 8
    assert found.key == one.key == small_architecture.key


def test_baseline_key_is_that_of_the_baseline_or_none() -> None:
    """The baseline is found wherever it stands; without one there is no key."""
    assert baseline_key({"first": A, "base": BASELINE, "last": B}) == "base"
    assert baseline_key({"first": A, "last": B}) is None
