"""What the tasks of a stage share: data, options of the job, and how steps are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
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
            class_weights=self.verdict.class_weights,
            max_resident_mb=self.job.max_resident_mb,
            execution=self.execution,
            threads=self.job.threads_per_worker,
        )
