"""The network that was chosen, with what the final training needs of it."""

from __future__ import annotations

import pytest
from tests.records.round_trip import assert_refused, assert_round_trip, written

from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.job import JobResults
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import Execution


@pytest.fixture
def choice(results: JobResults) -> Choice:
    """Give a choice with all that may travel in it."""
    budget = JobBudget(budget_s=300, plan=BudgetPlan(kind="race", reasons=("said",)))
    changes = {
        "budget": budget.after("search", 9.0).after("ranking", 3.0),
        "execution": Execution(precision="mixed_bfloat16"),
        "rule": "proven_network",
    }
    return results.best_architecture.model_copy(update=changes)


def test_choice_read_from_its_own_file_is_equal(choice: Choice) -> None:
    """Network, comparison, plan and budget come back as they were."""
    assert_round_trip(choice)


def test_choice_holds_its_network_as_plain_json(choice: Choice) -> None:
    """The file can be read by other programs."""
    values = written(choice)

    assert values["architecture"] == choice.architecture.to_dict()
    assert values["budget"]["spent_s"] == {"search": 9.0, "ranking": 3.0}
    assert values["plan"]["scored_on"] == "folds"


@pytest.mark.parametrize("old", ["epochs", "final_left_s"])
def test_choice_of_a_version_before_budgets_names_the_stage_to_run(
    choice: Choice, old: str
) -> None:
    """A file with what the budget replaced is not half understood."""
    assert_refused(choice, "ranking", **{old: 9})
