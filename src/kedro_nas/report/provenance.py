"""With what a job ran: versions, hardware, the command."""

from __future__ import annotations

from dataclasses import dataclass

from kedro_nas.records.search import SearchSummary


@dataclass(frozen=True)
class Provenance:
    """What the search recorded about its surroundings.

    Attributes:
        versions: Version by package; those not installed are left out.
        hardware: Value by name, e.g. `processor`.
        command: As typed, empty when not recorded.
    """

    versions: dict[str, str]
    hardware: dict[str, str]
    command: str


def read_provenance(search: SearchSummary) -> Provenance:
    """Read the surroundings from the summary of the search."""
    values = search.environment.model_dump()
    versions, command = values.pop("versions"), values.pop("command")
    return Provenance(
        {name: version for name, version in versions.items() if version is not None},
        {name: str(value) for name, value in values.items() if value not in ("", None)},
        command,
    )
