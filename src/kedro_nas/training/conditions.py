"""What the tasks of a stage share: data, options of the job, and how steps are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kedro_nas.data.guard import class_weights
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.statistics.objectives import floors_by_class
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.tasks import Task

if TYPE_CHECKING:
    from kedro_nas.data.store import ImageStore


@dataclass(frozen=True)
class Conditions:
    """The conditions that all tasks of a stage are trained under.

    Attributes:
        store: Images.
        verdict: Of the data profile.
        job: What the stages share.
        execution: How gradient steps are run.
    """

    store: ImageStore
    verdict: Verdict
    job: JobOptions
    execution: Execution = PLAIN

    def task(
        self,
        task_id: str,
        architecture: Architecture,
        *,
        rows: str,
        epochs: int,
        seed: int,
    ) -> Task:
        """Return a task whose schedule ends with it.

        Args:
            task_id: See `Task`, like the others.
            architecture: Network and recipe.
            rows: `search`, `fold:<repeat>:<k>` or `dev`.
            epochs: To train for.
            seed: Of weights, batches, dropout and augmentation.
        """
        return Task(
            task_id=task_id,
            architecture=architecture,
            store=str(self.store.path),
            rows=rows,
            epochs=epochs,
            schedule_epochs=epochs,
            seed=seed,
            objective=self.verdict.objective_of(self.job.objective),
            bn_momentum=self.verdict.bn_momentum,
            recall_floors=self._recall_floors(),
            class_weights=self._class_weights(),
            sampling=self.job.sampling,
            max_resident_mb=self.job.max_resident_mb,
            execution=self.execution,
            threads=self.job.threads_per_worker,
        )

    def _recall_floors(self) -> tuple[float, ...] | None:
        floors = self.job.recall_floors
        return floors_by_class(floors, self.store.class_names) if floors else None

    def _class_weights(self) -> tuple[float, ...] | None:
        """Return the weight of each class id in the loss, None for equal ones.

        Raises:
            ParameterError: `nas.job.class_weights` names a class that is not there.
        """
        given = self.job.class_weights
        if given == "none" or (given == "auto" and self.job.sampling == "balanced"):
            return None  # rare classes are drawn more often instead
        if given == "auto":
            return self.verdict.class_weights
        names = list(self.store.class_names)
        if given == "balanced":
            labels = self.store.labels[self.store.rows("dev")]
            return class_weights(np.bincount(labels, minlength=len(names)))
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ParameterError(
                "nas.job.class_weights names a class that the images do not have",
                received=", ".join(map(repr, unknown)),
                allowed=", ".join(names[:30]),
                remedy="Write the name of a class as the data profile shows it",
            )
        return tuple(float(given.get(name, 1.0)) for name in names)
