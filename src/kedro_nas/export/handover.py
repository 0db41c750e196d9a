"""The kit that is handed over with the files of a model.

Labels, how an image becomes pixels, a program per format, and checksums: all that a
device or another team needs, without this package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro_nas.errors import ExportError
from kedro_nas.export.example_programs import EXAMPLE_NAME, example_program
from kedro_nas.export.formats import Exporter, packages_to_read, traits_of
from kedro_nas.files import write_json
from kedro_nas.records.manifest import ExportedFile, Manifest
from kedro_nas.records.preprocessing import Preprocessing
from kedro_nas.space.architecture import Architecture

LABELS = "labels.txt"
PREPROCESSING = "preprocessing.json"
MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"


def write_kit(
    folder: Path, exporters: Iterable[Exporter], contract: Preprocessing
) -> None:
    """Write labels, preprocessing and an example program per format.

    Args:
        folder: The folder of exports.
        exporters: Formats that were written to it.
        contract: How the images of the training became pixels.
    """
    # a line break inside a name would shift the numbers of all that follow
    lines = [" ".join(name.split()) for name in contract.class_names]
    (folder / LABELS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_json(folder / PREPROCESSING, contract.to_json())
    for each in exporters:
        path = folder / EXAMPLE_NAME.format(name=each.name)
        path.write_text(example_program(each, contract), encoding="utf-8")


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of each file, as `sha256sum --check SHA256SUMS` reads them.

    Args:
        folder: The folder of exports; all other files have been written.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in paths
        if path.name != CHECKSUMS
    ]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def read_contract(folder: Path) -> Preprocessing:
    """Read how the images of the training became pixels.

    Raises:
        ExportError: The exports were written by an earlier version.
        RecordError: The file has been edited, or another version wrote it.
    """
    return Preprocessing.read(_read_json(folder / PREPROCESSING, "how images are read"))


def pretrained_weights(architecture: Architecture) -> str:
    """Return where the weights of a network began; empty for random ones."""
    backbone = architecture.backbone
    if backbone is None or backbone.weights == "none":
        return ""
    if backbone.weights == "imagenet":
        return f"imagenet, {backbone.name} of Keras Applications"
    return Path(backbone.weights).name


def exported_file(exporter: Exporter, option: str) -> ExportedFile:
    """Describe a format for the manifest.

    Args:
        exporter: The format.
        option: Its entry in `nas.export.formats`.
    """
    traits = traits_of(exporter)
    return ExportedFile(
        format=exporter.name,
        option=option,
        file=exporter.file_name,
        purpose=traits.purpose,
        packages=packages_to_read(exporter),
        example=EXAMPLE_NAME.format(name=exporter.name),
    )


def read_manifest(folder: Path) -> Manifest:
    """Read which files a folder of exports has.

    Raises:
        ExportError: It is no folder of exports, or one of an earlier version.
        RecordError: The file has been edited, or another version wrote it.
    """
    return Manifest.read(_read_json(folder / MANIFEST, "which files they hold"))


def _read_json(path: Path, what: str) -> Any:
    if not path.is_file():
        raise ExportError(
            f"the exports do not tell {what}",
            received=f"{path.parent} without {path.name}",
            allowed="exports that this version has written",
            remedy="Run the stages data_preparation and export again; what was "
            "searched and ranked is kept",
        )
    return json.loads(path.read_text(encoding="utf-8"))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
