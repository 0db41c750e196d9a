"""Checks that a workspace belongs to this search before resuming it."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from pydantic import JsonValue

from kedro_nas.data.store import ImageStore
from kedro_nas.environment import describe_environment
from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import SearchBegun, SearchIdentity
from kedro_nas.search.validation import count_scored
from kedro_nas.space.search_space import SearchSpace

logger = logging.getLogger(__name__)

# Options that may change when a search is resumed: they only change where its sequence
# of trials ends or the hardware it runs on. `threads_per_worker` is not one of them:
# sums are split over threads, so batch norms with one and two threads differ in their
# last bits.
EXTENSIONS = {
    "budget_s",
    "max_trials",
    "max_epochs_total",
    "iterations",
    "stop_after_networks",
    "target_score",
    "finalists",
    "finalists_front",
    "newest_candidates",
    "max_per_family",
    "on_change",
    "progress",
}
JOB_EXTENSIONS = {
    "objective",  # compared after `auto` is resolved
    "baseline",
    "workers",
    "pool",
    "max_silence_s",
    "max_attempts",
    "max_resident_mb",
    "max_worker_memory_mb",
    "ray_address",
    "ray_cpus",
    "ray_gpus",
    "straggler_factor",
}


def claim_workspace(
    folder: Path,
    store: ImageStore,
    space: SearchSpace,
    options: SearchOptions,
    job: JobOptions,
    verdict: Verdict,
    seed: int,
) -> Path:
    """Open the directory of a new or resumed search.

    Args:
        folder: The directory.
        store: Its fingerprint is compared.
        space: Its choices, bounds and anchors are compared, and the content of custom
            blocks and weights.
        options: All but `EXTENSIONS` are compared.
        job: All but `JOB_EXTENSIONS` are compared.
        verdict: Of the data profile; the settings that affect training are compared.
        seed: Compared.

    Returns:
        The directory, with a ledger whose first event identifies the search.

    Raises:
        SearchError: It was started with other settings or data, and `on_change` is
            `refuse`.
    """
    belongs = _belongs(store, space, options, job, verdict, seed)
    ledger = Ledger(folder / "ledger.jsonl")
    begun = ledger.of(SearchBegun)
    changes = belongs.changes_since(begun[0].belongs) if begun else []
    if changes and options.on_change == "refuse":
        raise SearchError(
            f"the search in {folder} was started with other settings or data",
            received="; ".join(changes),
            allowed=_changeable(),
            remedy="Undo the change, or set nas.search.on_change: restart to begin "
            "anew (the old workspace is kept beside it)",
        )
    if changes:
        put_aside(folder, "; ".join(changes))
        ledger = Ledger(folder / "ledger.jsonl")
    if ledger.is_empty:
        objective = verdict.objective_of(job.objective)
        ledger.append(
            SearchBegun(
                belongs=belongs,
                seed=seed,
                objective=objective,
                n_scored=count_scored(store.labels[store.rows("val")], objective),
                environment=describe_environment(),
            )
        )
    return folder


def _changeable() -> str:
    """Return which options may change when a search is resumed, for the error."""
    search = ", ".join(sorted(EXTENSIONS))
    job = ", ".join(sorted(JOB_EXTENSIONS - {"objective"}))
    return f"the same; other values only of nas.search.{{{search}}}, nas.job.{{{job}}}"


def put_aside(folder: Path, reason: str) -> None:
    """Rename a search's directory to keep it beside the new one.

    Args:
        folder: The directory.
        reason: Why, for the log.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S")
    aside, number = folder.with_name(f"{folder.name}-{stamp}"), 1
    while aside.exists():
        number += 1
        aside = folder.with_name(f"{folder.name}-{stamp}-{number}")
    folder.rename(aside)
    logger.warning("The search begins anew: %s. The old is kept in %s.", reason, aside)


def _belongs(
    store: ImageStore,
    space: SearchSpace,
    options: SearchOptions,
    job: JobOptions,
    verdict: Verdict,
    seed: int,
) -> SearchIdentity:
    text = space.model_dump_json(
        include={"input_shape", "n_classes", "choices", "bounds", "anchors"}
    )
    searched = options.model_dump(mode="json", exclude=EXTENSIONS)
    shared = job.model_dump(mode="json", exclude=JOB_EXTENSIONS)
    code: dict[str, JsonValue] = {
        f"block {name}": it for name, it in sorted(space.block_digests.items())
    }
    if space.weights_digest:
        code["pretrained weights"] = space.weights_digest
    values: dict[str, JsonValue] = {
        **code,
        "data set": store.fingerprint,
        "search space": hashlib.sha256(text.encode()).hexdigest()[:12],
        "seed": seed,
        **{f"search.{name}": value for name, value in searched.items()},
        **{f"job.{name}": value for name, value in shared.items()},
        "objective": verdict.objective_of(job.objective),
        "momentum of batch norms": verdict.bn_momentum,
        "class weights": verdict.model_dump(mode="json")["class_weights"],
    }
    return SearchIdentity(values)
