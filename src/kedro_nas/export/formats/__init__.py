"""Export formats: their interface, and the lookup of formats by name."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kedro_nas.custom_code import check_protocol, import_custom
from kedro_nas.errors import ExportError
from kedro_nas.export.formats.keras import KerasExporter
from kedro_nas.export.formats.litert import LitertExporter
from kedro_nas.export.formats.litert_dynamic import LitertDynamicExporter
from kedro_nas.export.formats.litert_float16 import LitertFloat16Exporter
from kedro_nas.export.formats.litert_int8 import LitertInt8Exporter
from kedro_nas.export.formats.onnx import OnnxExporter
from kedro_nas.export.formats.openvino import OpenvinoExporter
from kedro_nas.export.formats.saved_model import SavedModelExporter
from kedro_nas.export.formats.traits import (
    FormatTraits,
    packages_to_read,
    traits_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "EXPORTERS",
    "CalibratedExporter",
    "Exporter",
    "FormatTraits",
    "find_exporters",
    "missing_packages",
    "packages_to_read",
    "traits_of",
]

# Files in each folder of exports besides those of the formats.
RESERVED_FILES = frozenset(
    {
        "SHA256SUMS",
        "architecture.json",
        "labels.txt",
        "manifest.json",
        "latency.json",
        "model_card.md",
        "network.py",
        "parity.json",
        "preprocessing.json",
        "timings.json",
    }
)


class Exporter(Protocol):
    """One format in which a trained model is written.

    A custom exporter is a class that is called without arguments; it needs no base
    class. An attribute `traits`, a `FormatTraits`, may state its requirements and
    rounding; without it the format has to agree within `nas.export.parity_tolerance`.
    """

    name: str
    """Name of the format in `parity.json`, the model card and messages."""

    file_name: str
    """Name of the file or folder it writes, inside the folder of exports."""

    def export(self, model: Any, folder: Path) -> Path:
        """Write a Keras model into a folder.

        Args:
            model: Takes raw 0-255 pixels `(n, height, width, channels)`, returns class
                probabilities `(n, n_classes)`.
            folder: Existing folder in which `file_name` is created.

        Returns:
            Path of what was written.
        """

    def snippet(self) -> str:
        """Return a Python program that defines `predict` without using kedro_nas.

        The parity check runs it in a new process, with the folder of exports as working
        directory; the model card shows the same code. `predict` takes uint8 pixels `(n,
        height, width, channels)` and returns class probabilities as a NumPy array `(n,
        n_classes)`.
        """


@runtime_checkable
class CalibratedExporter(Protocol):
    """A format that is calibrated on real images, such as int8 quantisation."""

    def calibrated(self, images: NDArray[np.uint8]) -> Exporter:
        """Return an exporter calibrated on these images.

        Args:
            images: Some hundred non-test images, uint8 `(n, height, width, channels)`.
        """


EXPORTERS: dict[str, Exporter] = {
    made.name: made
    for made in (
        KerasExporter(),
        SavedModelExporter(),
        LitertExporter(),
        LitertFloat16Exporter(),
        LitertDynamicExporter(),
        LitertInt8Exporter(),
        OnnxExporter(),
        OpenvinoExporter(),
    )
}


def find_exporters(names: Sequence[str]) -> list[Exporter]:
    """Return the exporter of each format.

    Args:
        names: `nas.export.formats`: names in `EXPORTERS`, or
            `package.module:Exporter` of a custom one.

    Raises:
        ExportError: A custom exporter cannot be imported or created, lacks a member of
            `Exporter`, or has the name or file of another; or a package that a format
            needs is not installed.
    """
    found = [EXPORTERS.get(name) or _custom_exporter(name) for name in names]
    _check_installed(found)
    _check_distinct("name", [one.name for one in found])
    _check_distinct("file_name", [one.file_name for one in found], RESERVED_FILES)
    return found


def missing_packages(exporter: Exporter) -> list[str]:
    """Return the packages of a format's `traits` that are not installed."""
    return [name for name in traits_of(exporter).packages if find_spec(name) is None]


def _check_installed(exporters: Sequence[Exporter]) -> None:
    missing = {one.name: missing_packages(one) for one in exporters}
    lacking = [one for one in exporters if missing[one.name]]
    if not lacking:
        return
    extras = sorted({traits_of(one).extra for one in lacking} - {""})
    packages = sorted({name for names in missing.values() for name in names})
    wanted = f"'kedro-nas[{','.join(extras)}]'" if extras else " ".join(packages)
    named = ", ".join(f"'{one.name}'" for one in lacking)
    raise ExportError(
        f"packages for the export formats {named} are missing",
        received=f"no package {', '.join(packages)}",
        allowed="formats whose packages are installed",
        remedy=f"Run pip install {wanted}, or shorten nas.export.formats",
    )


def _custom_exporter(path: str) -> Exporter:
    if ":" not in path:
        raise ExportError(
            "unknown export format",
            received=repr(path),
            allowed=f"{', '.join(EXPORTERS)} or package.module:Exporter",
            remedy="Correct nas.export.formats",
        )
    factory = import_custom(path, "export format", ExportError)
    try:
        made: Exporter = factory()
    except Exception as error:
        raise ExportError(
            f"the export format {path} cannot be made",
            received=f"{type(error).__name__}: {error}",
            allowed="a class that is called without arguments",
            remedy="Correct the class, or leave it out of nas.export.formats",
        ) from error
    check_protocol(made, Exporter, path=path, what="export format", error=ExportError)
    if PurePath(made.file_name).name != made.file_name or not made.name:
        raise ExportError(
            f"the export format {path} cannot be used",
            received=f"name {made.name!r}, file_name {made.file_name!r}",
            allowed="a name, and a file name without a folder",
            remedy="Correct the class, or leave it out of nas.export.formats",
        )
    return made


def _check_distinct(
    attribute: str, values: list[str], reserved: frozenset[str] = frozenset()
) -> None:
    taken = sorted({v for v in values if values.count(v) > 1 or v in reserved})
    if taken:
        also = f", nor any of {', '.join(sorted(reserved))}" if reserved else ""
        raise ExportError(
            f"the {attribute} of an export format is taken",
            received=", ".join(taken),
            allowed=f"none that another format has{also}",
            remedy=f"Change the {attribute} of the custom exporter",
        )
