"""What is in a folder of exports, for whoever is handed it."""

from __future__ import annotations

from typing import ClassVar

from kedro_nas.records.base import Part, Record


class ExportedFile(Part):
    """One format in which the model was written.

    Attributes:
        format: Its name, as in `parity.json`.
        option: Its entry in `nas.export.formats`: the name, or
            `package.module:Exporter`.
        file: The file or folder.
        purpose: What the format is for.
        packages: Import names of the packages that loading it needs.
        example: Program that classifies image files with it.
    """

    format: str
    option: str
    file: str
    purpose: str
    packages: tuple[str, ...]
    example: str


class Manifest(Record):
    """The files of the model, and under which terms they may be used.

    Attributes:
        network: The network in a line.
        key: Of its architecture.
        files: The exported formats, in the order of `nas.export.formats`.
        averages_flips: Whether the model averages its answer over mirrored copies.
        license: Licence of the weights, an SPDX identifier: `nas.export.model_license`.
        pretrained: Where its weights began, if not at random: `imagenet`, or the name
            of a weights file. Their own licence applies as well.
    """

    dataset: ClassVar[str] = "exports"
    stage: ClassVar[str] = "export"

    network: str
    key: str
    files: tuple[ExportedFile, ...]
    averages_flips: bool = False
    license: str
    pretrained: str = ""
