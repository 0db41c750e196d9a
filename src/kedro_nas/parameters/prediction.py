"""Options of the `prediction` stage: new images, classified by an exported file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from kedro_nas.custom_code import is_import_path
from kedro_nas.parameters.base import Options
from kedro_nas.parameters.export import FORMATS


class PredictionOptions(Options):
    """How new images are classified; how they are read is part of the exports.

    Attributes:
        format: Which exported file is used, one of `nas.export.formats`; `auto` is the
            first of them.
        average_flips: Whether to average the probabilities of an image and of its
            mirrored copy, in twice the time; nothing is changed where the exported
            model does so itself.
        image_column: Column of images in a table; None looks for a common name.
        n_workers: Processes that decode; None for one per core.
    """

    section: ClassVar[str] = "prediction"

    format: str = "auto"
    average_flips: bool = False
    image_column: str | None = None
    n_workers: int | None = Field(None, ge=1)

    @field_validator("format")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in ("auto", *FORMATS) and not is_import_path(name):
            raise ValueError(
                f"it is none of auto, {', '.join(FORMATS)} nor package.module:Exporter"
            )
        return name
