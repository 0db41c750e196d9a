"""The checklist says no where it is no."""

from __future__ import annotations

import pytest

from kedro_nas.accounting.costs import account
from kedro_nas.parameters.reporting import CostOptions
from kedro_nas.report.checklist import fill_checklist


def fill(results):
    recorded = {name: value for name, value in results.items() if name != "ranking"}
    return {
        practice.name: practice
        for practice in fill_checklist(
            finalists=results["finalists"],
            ranking=results["ranking"],
            fold_scores=results["fold_scores"],
            costs=account(CostOptions(), **recorded),
        )
    }


def test_fill_checklist_answers_fourteen_practices(results):
    """All practices of the paper are answered, with evidence."""
    practices = fill(results)

    assert len(practices) == 14
    assert all(one.status in {"yes", "partly", "no"} for one in practices.values())
    assert all(one.evidence for one in practices.values())


@pytest.mark.parametrize("name", ["Ablate the method", "Repeat with several seeds"])
def test_fill_checklist_of_one_job_does_not_claim_what_one_job_cannot(results, name):
    """One job neither ablates nor repeats the search."""
    assert fill(results)[name].status != "yes"


def test_fill_checklist_without_a_baseline_or_versions_says_no(make_results):
    """What was not done or not recorded turns into a no."""
    results = make_results(with_baseline=False)
    search = results["finalists"]["search"] | {"environment": {}, "incumbent": []}
    results["finalists"] = results["finalists"] | {"search": search}

    practices = fill(results)

    for name in (
        "Compare on the same data, space and training code",
        "Show performance as a function of compute",
        "Control confounders: versions, hardware, time",
    ):
        assert practices[name].status == "no"


def test_fill_checklist_with_an_unrecorded_stage_is_only_partly_accounted(results):
    """A stage without seconds is named, and the answer is not a yes."""
    profile = results["dataset_profile"] | {"seconds": None}

    practice = fill(results | {"dataset_profile": profile})[
        "Report the time of everything, end to end"
    ]

    assert practice.status == "partly"
    assert "Data" in practice.evidence
