"""Export formats, one file each; a new one is a file here and a name in `Format`."""

from __future__ import annotations

from kedro_nas.errors import ExportError
from kedro_nas.export.formats.base import Exporter
from kedro_nas.export.formats.keras import KerasExporter
from kedro_nas.export.formats.saved_model import SavedModelExporter

__all__ = ["EXPORTERS", "Exporter", "exporter"]

EXPORTERS: dict[str, Exporter] = {
    made.name: made for made in (KerasExporter(), SavedModelExporter())
}


def exporter(name: str) -> Exporter:
    """Find a format by its name.

    Raises:
        ExportError: There is no such format.
    """
    if name not in EXPORTERS:
        raise ExportError(
            "unknown export format",
            received=repr(name),
            allowed=", ".join(EXPORTERS),
            remedy="Correct export.formats",
        )
    return EXPORTERS[name]
