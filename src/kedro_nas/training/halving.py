"""Tasks that ran out of memory are trained with half their batch from then on."""

from __future__ import annotations

import logging
from pathlib import Path

from kedro_nas.training.task_journal import TaskJournal, write_halved
from kedro_nas.training.tasks import OUT_OF_MEMORY, Outcome, Task

logger = logging.getLogger(__name__)


class Halvings:
    """The networks in a journal that ran out of memory with their batch size.

    A network that ran out of memory in one fold is trained with half the batch in all
    folds that have not started, also in later sessions.

    Args:
        path: The journal; a line is added for each such network.
        known: What the journal holds already.
        fingerprint: Of the image store.
    """

    def __init__(self, path: Path, known: TaskJournal, fingerprint: str) -> None:
        self._path = path
        # a task that has an outcome keeps the batch it was trained with
        self._known = known.outcomes.keys()
        self._fingerprint = fingerprint
        self._keys = set(known.halved)

    def suited(self, task: Task) -> Task:
        """Return the task with the batch size it has to be trained with."""
        while (
            task.architecture.key in self._keys
            and task.digest(self._fingerprint) not in self._known
        ):
            task = task.with_half_batch(self._fingerprint)
        return task

    def halve(self, task: Task, outcome: Outcome) -> bool:
        """Record a network that ran out of memory.

        Args:
            task: The task that ended.
            outcome: Its outcome.

        Returns:
            Whether to try the task again with half the batch: it ran out of memory, its
            batch can be halved, and it is not a probe of that batch size.
        """
        batch = task.architecture.recipe.batch_size
        is_oom = outcome.status == "failed" and outcome.reason.startswith(OUT_OF_MEMORY)
        if not is_oom or batch < 2 or task.probe_steps is not None:
            return False
        key = task.architecture.key
        if key not in self._keys:
            self._keys.add(key)
            write_halved(self._path, key, outcome.reason)
        logger.warning(
            "%s ran out of memory with a batch of %d; it is tried again with %d.",
            task.task_id,
            batch,
            batch // 2,
        )
        return True
