"""The measured rows: one per run, kept in one JSON file after each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedro_nas.environment import Environment
from kedro_nas.files import write_json


class Machine(BaseModel):
    """What the seconds of a row were measured on.

    Attributes:
        processor: Its model.
        cores: Their number.
        memory_gib: Of the machine.
        platform: Operating system.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    processor: str
    cores: int | None
    memory_gib: float | None = None
    platform: str = ""

    @classmethod
    def of(cls, environment: Environment) -> Machine:
        """Return the machine of an environment."""
        return cls(
            processor=environment.processor,
            cores=environment.cores,
            memory_gib=environment.memory_gib,
            platform=environment.platform,
        )

    def is_like(self, other: Machine) -> bool:
        """Return whether seconds on both can be compared."""
        return (self.processor, self.cores) == (other.processor, other.cores)


class Case(BaseModel):
    """What is run.

    Attributes:
        tool: Name of a `Tool`.
        data: Name of the table without its ending.
        seconds: The budget.
        seed: Given to the tool.
        killed_at_s: Second of a SIGKILL, after which the same command is run again;
            None undisturbed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    data: str
    seconds: float
    seed: int
    killed_at_s: float | None = None


class Row(Case):
    """What a run gave.

    Attributes:
        test_accuracy: Of the delivered model; None if there is none.
        failure: Why there is none; empty otherwise.
        n_params: Of the delivered model.
        network: The delivered model in a line.
        trials: Trainings begun by the search.
        epochs: Of all trainings.
        training_s: Wall seconds in gradient steps.
        trained_s: When the delivered model was ready, in seconds since the start.
        wall_s: Seconds until all was done, scoring the test rows included.
        peak_memory_mb: Of all processes together, 10**6 bytes.
        lost_s: Seconds of work before the kill that were done again; None undisturbed.
        curve: Seconds, and the best validation accuracy until then.
        versions: Of the tool's packages.
        code: Digest of the adapter and, for kedro-nas, of its source.
        machine: Where it ran.
        load_before: Load average of the last minute when the run began; above 0.5 other
            work took part of the cores.
        date: When it began, UTC.
    """

    test_accuracy: float | None = None
    failure: str = ""
    n_params: int = 0
    network: str = ""
    trials: int = 0
    epochs: int = 0
    training_s: float = 0.0
    trained_s: float = 0.0
    wall_s: float = 0.0
    peak_memory_mb: float = 0.0
    lost_s: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    versions: dict[str, str] = {}
    code: str = ""
    machine: Machine
    load_before: float = 0.0
    date: str = ""

    @property
    def case(self) -> Case:
        """What was run."""
        return Case(**{name: getattr(self, name) for name in Case.model_fields})

    @property
    def test_error(self) -> float | None:
        """Share of test images that are classified wrongly; None without a model."""
        return None if self.test_accuracy is None else 1 - self.test_accuracy

    def is_current(self, versions: dict[str, str], code: str, machine: Machine) -> bool:
        """Return whether a run of now would measure the same thing."""
        return (
            not self.failure
            and self.versions == versions
            and self.code == code
            and self.machine.is_like(machine)
        )


class PeerResults(BaseModel):
    """The file of all rows.

    Attributes:
        rows: In the order they were measured; a case has one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: tuple[Row, ...] = ()

    @classmethod
    def read(cls, path: Path) -> PeerResults:
        """Read a file; a missing one has no rows."""
        if not path.exists():
            return cls()
        return cls.model_validate_json(path.read_text())

    def write(self, path: Path) -> None:
        """Write the file; a reader never sees half of it."""
        write_json(path, self.model_dump(mode="json"))

    def find(self, case: Case) -> Row | None:
        """Return the row of a case, or None."""
        return next((row for row in self.rows if row.case == case), None)

    def with_row(self, row: Row) -> PeerResults:
        """Return the results with a row, in place of an earlier one of its case."""
        others = [one for one in self.rows if one.case != row.case]
        return PeerResults(rows=(*others, row))


def best_so_far(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points at which a curve rises above all before.

    >>> best_so_far([(1, 0.5), (2, 0.4), (3, 0.6)])
    [(1, 0.5), (3, 0.6)]
    """
    found: list[tuple[float, float]] = []
    for seconds, value in points:
        if not found or value > found[-1][1]:
            found.append((seconds, value))
    return found
