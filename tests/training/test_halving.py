"""Networks that ran out of memory keep a smaller batch, in later sessions as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kedro_nas.training.halving import Halvings
from kedro_nas.training.task_journal import TaskJournal, read_journal, write_outcome
from kedro_nas.training.tasks import OUT_OF_MEMORY, Outcome, Task

FINGERPRINT = "0" * 12
TOO_LARGE = Outcome(status="failed", reason=f"{OUT_OF_MEMORY}: 3 GiB")


def test_halvings_are_remembered_by_the_journal(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """The next session begins with half the batch; a task with an outcome stays."""
    journal = tmp_path / "tasks.jsonl"
    task, done = make_task(), make_task(seed=9)
    write_outcome(journal, done.digest(FINGERPRINT), Outcome(status="completed"))
    first = Halvings(journal, read_journal(journal), FINGERPRINT)
    halved = first.halve(task, TOO_LARGE)
    later = Halvings(journal, read_journal(journal), FINGERPRINT)

    batch = task.architecture.recipe.batch_size
    assert halved
    assert later.suited(task).architecture.recipe.batch_size == batch // 2
    assert later.suited(done) == done


def test_halvings_only_follow_from_memory(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """Other failures, probes and single images are not tried with a smaller batch."""
    halvings = Halvings(tmp_path / "tasks.jsonl", TaskJournal(), FINGERPRINT)
    task = make_task()
    smallest = task.model_copy(
        update={"architecture": task.architecture.with_recipe(batch_size=1)}
    )

    assert not halvings.halve(task, Outcome(status="failed", reason="diverged"))
    assert not halvings.halve(make_task(probe_steps=3), TOO_LARGE)
    assert not halvings.halve(smallest, TOO_LARGE)
    assert halvings.suited(task) == task
