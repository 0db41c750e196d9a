"""What a search measures of its GPU before the first trial, once in its life."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.devices import gpu_names
from kedro_nas.errors import SearchError
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.search import Execution
from kedro_nas.search.ledger import Ledger
from kedro_nas.space.batch import with_batch_size
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN, execution_here
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.probes import Measured, probe
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.lease import lease_pool

SHARE = 0.05  # of the budget, at most

logger = logging.getLogger(__name__)


def measure_once(
    store: ImageStore,
    space: SearchSpace,
    folder: Path,
    ledger: Ledger,
    options: SearchOptions,
    *,
    bn_momentum: float,
    budget_s: float | None,
) -> tuple[SearchSpace, Execution]:
    """Time a few steps of candidate 0 on a GPU, or take what the ledger remembers.

    Args:
        store: Images; training rows are read.
        space: Its batch size is replaced where the user left it open.
        folder: The search's directory.
        ledger: Remembers what was measured, as the event `measured`.
        options: `execution` may forbid it.
        bn_momentum: Of the data's verdict.
        budget_s: Of the search.

    Returns:
        The space with the batch size to use, and how its steps are run. Both as given
        and plain where there is no GPU.
    """
    known = ledger.of("measured")
    # a search begun on a CPU goes on with the batches it was begun with
    is_new = not known and not ledger.of("created")
    if is_new and options.execution == "auto" and gpu_names():
        found = _probe(store, space, folder, options, bn_momentum, budget_s)
        ledger.append("measured", **found.model_dump(mode="json"))
        known = ledger.of("measured")
        logger.info("Measured on this GPU, images per second: %s", found.images_per_s)
    if not known:
        return space, PLAIN
    batch_size = int(known[0]["batch_size"])
    if space.batch_size_open:
        space = with_batch_size(space, batch_size)
    return space, execution_here(known[0]["execution"])


def _probe(
    store: ImageStore,
    space: SearchSpace,
    folder: Path,
    options: SearchOptions,
    bn_momentum: float,
    budget_s: float | None,
) -> Measured:
    task = Task(
        task_id="probe",
        architecture=space.anchors[0],
        store=str(store.path),
        rows="search",
        epochs=1,
        schedule_epochs=1,
        seed=0,
        bn_momentum=bn_momentum,
        max_resident_mb=options.max_resident_mb,
        threads=options.threads_per_worker,
    )
    deadline = None if budget_s is None else time.monotonic() + SHARE * budget_s
    log = folder.parent / "workers.log"
    with outages_explained(SearchError, folder), lease_pool(options, log) as pool:
        return probe(
            pool,
            task,
            journal=folder / "probes.jsonl",
            fingerprint=store.fingerprint,
            n_train=len(store.rows("train")),
            batch_may_grow=space.batch_size_open,
            deadline=deadline,
        )
