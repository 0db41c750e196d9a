"""The journal of a list of tasks: what earlier sessions found out, as JSON lines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.training.tasks import Outcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EndedTask:
    """A task that has an outcome.

    Attributes:
        digest: Of the task, see `Task.digest`.
        outcome: How it ended.
    """

    digest: str
    outcome: Outcome


@dataclass(frozen=True)
class TaskJournal:
    """What earlier sessions found out.

    Attributes:
        ended: The tasks that have an outcome, oldest first; probes of several workers
            share a digest.
        halved: Keys of the architectures that ran out of memory with their batch.
    """

    ended: tuple[EndedTask, ...] = ()
    halved: frozenset[str] = frozenset()

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The newest outcome by the digest of its task."""
        return {one.digest: one.outcome for one in self.ended}


def read_journal(path: Path) -> TaskJournal:
    """Read a journal; one that does not exist is empty.

    An outcome that another version wrote in a form that this one cannot read is not
    used: its task is trained again.
    """
    ended: list[EndedTask] = []
    halved: set[str] = set()
    for line in read_json_lines(path):
        if "halved" in line:
            halved.add(str(line["halved"]))
        if "outcome" in line:
            outcome = _outcome(path, line["outcome"])
            if outcome is not None:
                ended.append(EndedTask(str(line["digest"]), outcome))
    return TaskJournal(tuple(ended), frozenset(halved))


def _outcome(path: Path, value: object) -> Outcome | None:
    try:
        return Outcome.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        logger.warning(
            "An outcome in %s is of another version (%s: %s): trained again.",
            path,
            ".".join(map(str, fault["loc"])),
            fault["msg"],
        )
        return None


def write_outcome(path: Path, digest: str, outcome: Outcome) -> None:
    """Add the outcome of a task, and sync it.

    Args:
        path: The journal.
        digest: Of the task, see `Task.digest`.
        outcome: How it ended.
    """
    line = {"digest": digest, "outcome": outcome.model_dump()}
    append_json_line(path, line)


def write_halved(path: Path, key: str, reason: str) -> None:
    """Add an architecture that ran out of memory, and sync it.

    Args:
        path: The journal.
        key: Of the architecture with the batch that was too large.
        reason: What the worker reported.
    """
    append_json_line(path, {"halved": key, "reason": reason})
