"""Entry point of the package: from a space and a data set to trials and finalists."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ParameterError, SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.search import Finalist, SearchResult, SearchSummary
from kedro_nas.records.trials import TrialRow
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.finalist_costs import check_front, costs_on_front
from kedro_nas.search.finalists import choose_finalists
from kedro_nas.search.latency_bound import bound_of, with_latency
from kedro_nas.search.ledger import Ledger, LedgerMismatchError
from kedro_nas.search.ledger_lines import LedgerLine
from kedro_nas.search.ledger_tables import (
    ends_of_trials,
    make_finalist,
    trial_rows,
    trials_table,
)
from kedro_nas.search.session import SearchSession
from kedro_nas.search.summary import summarize_search
from kedro_nas.search.workspace_check import claim_workspace, put_aside
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)


@one_writer
def search_architectures(
    store: ImageStore,
    space: SearchSpace,
    profile: DatasetProfile,
    workspace: Path,
    options: SearchOptions,
    job: JobOptions,
    *,
    budget_s: float | None,
    seed: int,
) -> tuple[pd.DataFrame, SearchResult]:
    """Run a search, or resume one that was interrupted.

    Args:
        store: Images; only `train` and `val` rows are read.
        space: The networks that are allowed, from `models.spaces.load_search_space`.
        profile: Of the images; the search follows its verdict.
        workspace: Directory; the search keeps its state under `search/`.
        options: `params:nas.search`.
        job: `params:nas.job`.
        budget_s: Wall seconds of the whole job, None for no limit.
        seed: The root seed.

    Returns:
        `nas.trials` and `nas.finalists`.

    Raises:
        ParameterError: No limit would end the search, or finalists are asked for on a
            front of latency that nothing predicts.
        SearchError: The workspace belongs to another search, another run writes to it,
            or no trial succeeded.
        SearchSpaceError: A custom baseline violates its contract.
    """
    began = time.monotonic()
    check_ends(options, budget_s)
    check_front(options, space)
    baseline = make_baseline(job.baseline, store)
    folder = Path(workspace) / "search"
    spent_s = {"data_preparation": profile.seconds, "search_space": space.seconds}

    def searched() -> tuple[Ledger, SearchSession, str]:
        claim_workspace(folder, store, space, options, job, profile.verdict, seed)
        ledger = Ledger(folder / "ledger.jsonl", began=began)
        with (
            ledger.beating(),
            SearchSession(
                store,
                space,
                profile.verdict,
                folder,
                ledger,
                options,
                job,
                baseline=baseline,
                budget_s=budget_s,
                spent_s=sum(spent_s.values()),
                seed=seed,
            ) as session,
        ):
            return ledger, session, session.run()

    try:
        ledger, session, ended_by = searched()
    except LedgerMismatchError as error:
        if options.on_change == "refuse":
            raise
        put_aside(folder, f"{error.failed}, {error.received}")
        ledger, session, ended_by = searched()
    events = ledger.events
    rows = trial_rows(events)
    trials = trials_table(rows)
    summary = _summary(events, trials, space, session, options, job, ended_by)
    budget = JobBudget(budget_s=budget_s, spent_s=spent_s, plan=session.plan)
    return trials, SearchResult(
        finalists=_finalists(rows, trials, events, session, baseline, options, space),
        search=summary,
        budget=budget.after("search", summary.seconds),
        latency=bound_of(space),
    )


def check_ends(options: SearchOptions, budget_s: float | None) -> None:
    """Check that seconds or a count end the search.

    Raises:
        ParameterError: Neither is limited.
    """
    has_seconds = budget_s is not None or isinstance(options.budget_s, float)
    if has_seconds or options.is_counted:
        return
    raise ParameterError(
        "the search would never end",
        received="nas.budget_s: null, and no limit in nas.search",
        allowed="seconds in nas.budget_s or nas.search.budget_s, or one of max_trials, "
        "max_epochs_total, iterations in nas.search",
        remedy="Set nas.budget_s to the wall seconds the whole job may take",
    )


def _finalists(
    rows: Sequence[TrialRow],
    trials: pd.DataFrame,
    events: Sequence[LedgerLine],
    session: SearchSession,
    baseline: Architecture,
    options: SearchOptions,
    space: SearchSpace,
) -> tuple[Finalist, ...]:
    done = trials[trials["status"] == "completed"]
    if done.empty:
        reasons = sorted(set(trials["reason"])) or ["no trial was begun"]
        raise SearchError(
            "no trial was completed",
            received="; ".join(str(reason) for reason in reasons[:3]),
            allowed="at least one completed trial",
            remedy="Raise nas.budget_s, or mend what made the trials fail",
        )
    row_of = {row.trial_id: row for row in rows}
    ends = ends_of_trials(events)

    def finalist(name: str, *, is_baseline: bool = False) -> Finalist:
        one = make_finalist(
            row_of[name].network,
            row_of[name],
            is_baseline=is_baseline,
            ended=ends.get(name),
        )
        is_proven = one.network_key in session.proven and not is_baseline
        return with_latency(one.model_copy(update={"is_proven": is_proven}), space)

    is_race = session.plan.kind == "race"
    raced = done if not is_race else done[done["network_key"] != baseline.network_key]
    names = choose_finalists(
        done if raced.empty else raced,
        n=len(done) if is_race else options.finalists,
        newest=options.newest_candidates,
        max_per_family=options.max_per_family,
        always=next(iter(session.proven), None),
        costs=None if is_race else costs_on_front(row_of, options, space),
    )
    entries = [finalist(name) for name in names]
    # with the recipe of the best finalist, to compare networks, not the effort spent on
    # tuning their learning rates
    recipe = row_of[names[0]].network.recipe
    baseline = baseline.model_copy(update={"recipe": recipe})
    # in a race it has its own batch size, in case another network runs out of memory
    same = [
        row.trial_id
        for row in rows
        if row.status == "completed"
        and row.network_key == baseline.network_key
        and (is_race or row.key == baseline.key)
    ]
    if not same:
        untrained = make_finalist(baseline, None, is_baseline=True)
        return (*entries, with_latency(untrained, space))
    return (*entries, finalist(same[-1], is_baseline=True))


def _summary(
    events: Sequence[LedgerLine],
    trials: pd.DataFrame,
    space: SearchSpace,
    session: SearchSession,
    options: SearchOptions,
    job: JobOptions,
    ended_by: str,
) -> SearchSummary:
    return summarize_search(
        events,
        trials,
        ended_by=ended_by,
        budget_s=session.plan.search_s,
        max_epochs=session.top_epochs,
        patience=options.patience,
        acceptance=space.acceptance,
        baseline=job.baseline,
        execution=session.execution,
    )
