"""Workers that write what they were asked to train where the model belongs."""

from __future__ import annotations

from pathlib import Path

from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

MOST_EPOCHS = 20  # told of a training that its seconds end


class WritingPool:
    """Workers that train nothing.

    Args:
        size: How many.
        memory: Largest batch that fits.

    Attributes:
        tasks: All that were submitted.
        granted: The seconds each was given.
        reason: Of each outcome, as of one that was cut.
        losses: Last training loss by task id; 1 for others.
        failing: Keys of architectures that fail.
    """

    def __init__(self, size: int = 1, memory: int = 10**6) -> None:
        self.size = size
        self.memory = memory
        self.tasks: list[Task] = []
        self.granted: list[float | None] = []
        self.reason = ""
        self.losses: dict[str, float] = {}
        self.failing: set[str] = set()
        self._running: dict[int, Task] = {}

    def free(self) -> list[int]:
        return [number for number in range(self.size) if number not in self._running]

    def teammates(self) -> list[int]:
        return self.free()

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)
        self.granted.append(remaining_s)
        self._running[worker] = task

    def wait(self, timeout_s: float) -> list[Event]:
        worker = next(iter(self._running))
        task = self._running.pop(worker)
        outcome = self.outcome(task)
        if outcome.status == "completed":
            batch = task.architecture.recipe.batch_size
            model = Path(task.model_file or "")
            model.parent.mkdir(parents=True, exist_ok=True)
            model.write_text(f"{task.epochs} epochs, seed {task.seed}, batch {batch}")
            Path(task.checkpoint or "").write_bytes(b"state")
        return [Event("end", worker=worker, task_id=task.task_id, outcome=outcome)]

    def outcome(self, task: Task) -> Outcome:
        if task.architecture.recipe.batch_size > self.memory:
            return Outcome(status="failed", reason="out of memory: 3 GiB")
        if task.architecture.key in self.failing:
            return Outcome(status="failed", reason="ValueError: planted")
        history = [
            Epoch(
                epoch=number + 1,
                train_loss=self.losses.get(task.task_id.split("-member")[0], 1.0),
                learning_rate=0.1,
                seconds_train=1.0,
            )
            for number in range(min(task.epochs, MOST_EPOCHS))
        ]
        return Outcome(
            status="completed",
            reason=self.reason,
            history=history,
            seconds={"train": 1.0},
        )

    def forget(self) -> None:
        """Let go of what was running, as a new session would."""
        self._running = {}
