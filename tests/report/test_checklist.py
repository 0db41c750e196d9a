"""The checklist says no where it is no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kedro_nas.accounting.job_costs import compute_costs
from kedro_nas.environment import Environment
from kedro_nas.parameters.reporting import CostOptions
from kedro_nas.report.checklist import fill_checklist, read_provenance


def fill(results):
    return {
        practice.name: practice
        for practice in fill_checklist(
            finalists=results.finalists,
            ranking=results.ranking,
            fold_scores=results.fold_scores,
            costs=compute_costs(CostOptions(), results),
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
    search = results.finalists.search.model_copy(
        update={"environment": Environment(), "incumbent": ()}
    )
    finalists = results.finalists.model_copy(update={"search": search})

    practices = fill(replace(results, finalists=finalists))

    for name in (
        "Compare on the same data, space and training code",
        "Show performance as a function of compute",
        "Control confounders: versions, hardware, time",
    ):
        assert practices[name].status == "no"


def test_fill_checklist_with_an_unrecorded_stage_is_only_partly_accounted(results):
    """A stage without seconds is named, and the answer is not a yes."""
    metrics = results.test_metrics.model_copy(update={"seconds_export": None})

    practice = fill(replace(results, test_metrics=metrics))[
        "Report the time of everything, end to end"
    ]

    assert practice.status == "partly"
    assert "Export" in practice.evidence


def test_read_provenance_tells_versions_from_hardware(results):
    """What is no version and no command describes the machine; gaps are left out."""
    environment = Environment(
        cores=2, versions={"keras": "3", "jax": None}, command="kedro run"
    )
    search = results.finalists.search.model_copy(update={"environment": environment})

    found = read_provenance(search)

    assert found.versions == {"keras": "3"}
    assert found.hardware == {"cores": "2"}
    assert found.command == "kedro run"


@pytest.mark.parametrize(
    ("n_folds", "status", "evidence"),
    [
        (5, "yes", "Paired folds, 5 for each contestant."),
        (1, "no", "Paired folds, 1 for each contestant."),
        (0, "yes", "The same validation images"),
    ],
)
def test_fill_checklist_tells_the_protocol_by_the_folds(
    results, n_folds, status, evidence
):
    """One fold is no comparison; validation images of one split are one protocol."""
    ranking = results.ranking.assign(n_folds=n_folds)
    practice = fill(replace(results, ranking=ranking))[
        "Evaluate all by the same protocol"
    ]

    assert practice.status == status
    assert practice.evidence.startswith(evidence)


@pytest.mark.parametrize(("seeds", "status"), [((1, 2), "partly"), ((1, 1), "no")])
def test_fill_checklist_counts_the_seeds_of_the_folds(results, seeds, status):
    """Several seeds of folds are a part of repeating; the search ran once."""
    scores = results.fold_scores.assign(
        seed=[seeds[row % 2] for row in range(len(results.fold_scores))]
    )
    practice = fill(replace(results, fold_scores=scores))["Repeat with several seeds"]

    assert practice.status == status
    assert f"trained with {len(set(seeds))} seeds" in practice.evidence


def test_fill_checklist_of_scores_without_seeds_has_none(results):
    """A table of an earlier version does not stop the page."""
    scores = results.fold_scores.drop(columns="seed", errors="ignore")

    practice = fill(replace(results, fold_scores=scores))["Repeat with several seeds"]

    assert practice.status == "no"


@pytest.mark.parametrize(("command", "status"), [("kedro run", "yes"), ("", "partly")])
def test_fill_checklist_says_if_the_command_was_not_recorded(results, command, status):
    """A search through the library has no command line that would repeat it."""
    environment = results.finalists.search.environment.model_copy(
        update={"command": command}
    )
    search = results.finalists.search.model_copy(update={"environment": environment})
    finalists = results.finalists.model_copy(update={"search": search})
    practice = fill(replace(results, finalists=finalists))[
        "Report all details of the set-up"
    ]

    assert practice.status == status
    assert ("was not recorded" in practice.evidence) == (not command)
