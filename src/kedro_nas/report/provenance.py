"""With what a job ran: versions, hardware, the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def read_provenance(search: Mapping[str, Any]) -> Provenance:
    """Read the surroundings from the summary of the search.

    Args:
        search: `search` of `nas.finalists`: either `environment` as
            `kedro_nas.environment` describes it, or `versions`, `hardware`, `command`.
    """
    environment = dict(search.get("environment") or {})
    versions = environment.pop("versions", None) or search.get("versions") or {}
    command = environment.pop("command", None) or search.get("command") or ""
    hardware = environment or search.get("hardware") or {}
    return Provenance(_present(versions), _present(hardware), str(command))


def _present(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): str(value) for name, value in values.items() if value is not None
    }
