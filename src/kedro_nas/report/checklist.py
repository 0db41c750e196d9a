"""Reproducibility: versions and hardware, and the best practices that a job followed.

Source: Lindauer and Hutter (2020), Best Practices for Scientific Research on Neural
Architecture Search, JMLR 21(243).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kedro_nas.accounting.job_costs import JobCosts
from kedro_nas.number_text import duration, whole
from kedro_nas.records.search import SearchResult, SearchSummary


@dataclass(frozen=True)
class Practice:
    """A best practice and whether this job followed it.

    Attributes:
        name: What is asked for.
        status: `yes`, `partly` or `no`.
        evidence: Where the page shows it, or why it was not followed.
    """

    name: str
    status: str
    evidence: str


@dataclass(frozen=True)
class Provenance:
    """The versions, hardware and command that the search recorded.

    Attributes:
        versions: Version by package; those not installed are left out.
        hardware: Value by name, e.g. `processor`.
        command: As typed; empty when it was not recorded.
    """

    versions: dict[str, str]
    hardware: dict[str, str]
    command: str


def read_provenance(search: SearchSummary) -> Provenance:
    """Return the versions, hardware and command from the summary of the search."""
    values = search.environment.model_dump()
    versions, command = values.pop("versions"), values.pop("command")
    return Provenance(
        {name: version for name, version in versions.items() if version is not None},
        {name: str(value) for name, value in values.items() if value not in ("", None)},
        command,
    )


def fill_checklist(
    *,
    finalists: SearchResult,
    ranking: pd.DataFrame,
    fold_scores: pd.DataFrame,
    costs: JobCosts,
) -> list[Practice]:
    """Return the fourteen practices, answered from the results of a job.

    Args:
        finalists: `nas.finalists`.
        ranking: `nas.ranking`.
        fold_scores: `nas.fold_scores`.
        costs: Of all stages.
    """
    search = finalists.search
    return [
        *_code_practices(search),
        *_comparison_practices(search, ranking, fold_scores),
        *_reporting_practices(search, costs),
    ]


def _code_practices(search: SearchSummary) -> list[Practice]:
    version = read_provenance(search).versions.get("kedro-nas", "")
    return [
        Practice(
            "Release the training pipeline",
            "yes",
            "exports/network.py and architecture.json rebuild the network; the recipe"
            " is in the section on the winner.",
        ),
        Practice(
            "Release the search method",
            "yes",
            f"kedro-nas {version}, with the parameters of this project.",
        ),
        Practice(
            "Do not wait until the code is clean",
            "yes",
            "The code that ran is the released one.",
        ),
    ]


def _comparison_practices(
    search: SearchSummary, ranking: pd.DataFrame, fold_scores: pd.DataFrame
) -> list[Practice]:
    baseline = bool(ranking["is_baseline"].astype(bool).any())
    n_folds = int(ranking["n_folds"].max()) if len(ranking) else 0
    where = "folds" if n_folds else "rows"
    provenance = read_provenance(search)
    described = bool(provenance.versions) and bool(provenance.hardware)
    seeds = fold_scores["seed"].nunique() if "seed" in fold_scores else 0
    return [
        Practice(
            "Compare on the same data, space and training code",
            "yes" if baseline else "no",
            f"The baseline was trained by the same recipe code on the same {where}."
            if baseline
            else "No baseline was trained.",
        ),
        Practice(
            "Ablate the method",
            "no",
            "One job runs one method; the importance of choices above concerns the"
            " search space, not the search method.",
        ),
        Practice(
            "Evaluate all by the same protocol",
            "yes" if n_folds != 1 else "no",
            f"Paired folds, {n_folds} for each contestant."
            if n_folds
            else "The same validation images after trainings of the same length.",
        ),
        Practice(
            "Show performance as a function of compute",
            "yes" if search.incumbent else "no",
            "The best-so-far curve above, in seconds.",
        ),
        Practice(
            "Compare with random sampling and random search",
            "no",
            "Not part of a job; benchmarks/ of kedro-nas compares its proposers.",
        ),
        Practice(
            "Repeat with several seeds",
            "partly" if seeds > 1 else "no",
            f"The search ran once (seed {search.seed}); the contestants were"
            f" trained with {seeds} seeds.",
        ),
        Practice(
            "Use tabular benchmarks for the method",
            "no",
            "Not part of a job; see benchmarks/ of kedro-nas.",
        ),
        Practice(
            "Control confounders: versions, hardware, time",
            "yes" if described else "no",
            "All contestants ran on this machine with the versions below."
            if described
            else "Versions or hardware were not recorded.",
        ),
    ]


def _reporting_practices(search: SearchSummary, costs: JobCosts) -> list[Practice]:
    missing, command = costs.time.unrecorded, read_provenance(search).command
    return [
        Practice(
            "State how the settings of the method were tuned",
            "no",
            "They are the values in the parameters; nothing was tuned on these data,"
            " as far as one job can know.",
        ),
        Practice(
            "Report the time of everything, end to end",
            "partly" if missing else "yes",
            f"{duration(costs.time.total_s)}, by part in the section on costs."
            + (f" Not recorded: {', '.join(missing)}." if missing else ""),
        ),
        Practice(
            "Report all details of the set-up",
            "yes" if command else "partly",
            f"{whole(search.n_architectures)} networks tried; seeds, versions,"
            " fingerprints and bounds are below"
            + ("." if command else "; the command was not recorded."),
        ),
    ]
