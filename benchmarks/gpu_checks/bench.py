"""What the checks share: images, small networks, and what a check found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.registry import find_block
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.local import LocalPool

SEED = 0
SHAPE = {"depth": 1, "kernel_size": 3}


@dataclass
class Check:
    """What one check found.

    Attributes:
        name: Of the check.
        faults: What is wrong, empty if nothing is.
        figures: What was measured.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


@dataclass
class Bench:
    """Where the checks work.

    Attributes:
        folder: For files.
        store: Images of 28 x 28 x 1 in ten classes.
    """

    folder: Path
    store: ImageStore

    def train(self, tasks: list[Task], workers: int, name: str) -> dict[str, Outcome]:
        """Run tasks on so many workers, all on the first GPU."""
        log = self.folder / f"{name}.log"
        pool = LocalPool(workers=workers, threads=1, log=log)
        try:
            ran = run_tasks(
                pool, tasks, journal=self.folder / f"{name}.jsonl", fingerprint=""
            )
        finally:
            pool.close()
        return ran.outcomes


def network(
    block: str = "conv", attention: str = "none", **changes: object
) -> Architecture:
    """Return a small network of one block and attention."""
    options = sorted((k, v[0]) for k, v in find_block(block).options.items())
    stage = {"block": block, "options": options, "attention": attention}
    return Architecture.model_validate(
        {
            "input_shape": (28, 28, 1),
            "n_classes": 10,
            "stem": Stem(width=32, kernel_size=3, stride=2),
            "stages": (
                Stage.model_validate({**stage, **SHAPE, "width": 32, "stride": 1}),
                Stage.model_validate({**stage, **SHAPE, "width": 64, "stride": 2}),
            ),
            **changes,
        }
    )


def make_task(bench: Bench, task_id: str, one: Architecture, **changes: object) -> Task:
    """Return a task on the search rows."""
    fields = {"rows": "search", "epochs": 1, "schedule_epochs": 1, "seed": SEED}
    return Task.model_validate(
        {
            "task_id": task_id,
            "architecture": one,
            "store": str(bench.store.path),
            **fields,
            **changes,
        }
    )
