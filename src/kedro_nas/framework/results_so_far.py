"""What a run has found so far, from its outputs and the ledger of its search."""

from __future__ import annotations

from dataclasses import replace

from kedro_nas.framework.project import Search
from kedro_nas.framework.run_status import RunStatus
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.export import TestMetrics
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.report.so_far import Ranked, ResultsSoFar
from kedro_nas.search.ledger import read_lines
from kedro_nas.search.summary import search_so_far
from kedro_nas.space.search_space import SearchSpace


def read_results_so_far(
    search: Search, status: RunStatus, now: str
) -> JobResults | ResultsSoFar:
    """Read the results of all stages that are done.

    An output that is older than those it follows from is of an earlier run, and left
    out.

    Args:
        search: An opened search.
        status: Which stages are done.
        now: The time, as it is to be shown.

    Returns:
        All results, or those so far.

    Raises:
        RecordError: Another version wrote an output.
        LedgerMismatchError: Another version wrote the ledger.
    """
    done = {name for name, is_done in status.stages.items() if is_done}
    state = _state(status, now)
    if "data_preparation" not in done:
        return ResultsSoFar(state)
    profile = DatasetProfile.read(search.load("dataset_profile"))
    if "search_space" not in done:
        return ResultsSoFar(state, profile)
    space = SearchSpace.model_validate(search.load("search_space"))
    if "search" not in done:
        return _searching(search, state, profile, space)
    found = SearchResult.read(search.load("finalists"))
    trials = search.load("trials")
    job = search.options(JobOptions, "job")
    searched = ResultsSoFar(
        state,
        profile,
        space,
        trials,
        found.search,
        profile.verdict.objective_of(job.objective),
        job.recall_floors,
    )
    if "ranking" not in done:
        return searched
    ranked = Ranked(
        search.load("ranking"),
        search.load("fold_scores"),
        Choice.read(search.load("best_architecture")),
    )
    if "export" not in done:
        return replace(searched, ranked=ranked)
    return JobResults(
        profile,
        space,
        trials,
        found,
        ranked.fold_scores,
        ranked.table,
        ranked.best,
        TestMetrics.read(search.load("test_metrics")),
    )


def _searching(
    search: Search, state: str, profile: DatasetProfile, space: SearchSpace
) -> ResultsSoFar:
    lines = read_lines(search.workspace / "search" / "ledger.jsonl")
    so_far = search_so_far(lines, space.acceptance)
    if so_far is None:
        return ResultsSoFar(state, profile, space)
    return ResultsSoFar(
        state,
        profile,
        space,
        so_far.trials,
        so_far.summary,
        so_far.objective,
        search.options(JobOptions, "job").recall_floors,
    )


def _state(status: RunStatus, now: str) -> str:
    """Return what a run does now, and at what time that was so."""
    stage = status.stage or "reporting"
    if status.running:
        return f"This run goes on: at {now} it is in the stage {stage}."
    return f"Nothing runs at {now}, and the job is not done: next is {stage}."
