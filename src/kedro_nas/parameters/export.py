"""Options of the `export` stage."""

from __future__ import annotations

from pydantic import Field, field_validator

from kedro_nas.custom_code import is_import_path
from kedro_nas.parameters.base import Options

FORMATS = ("keras", "saved_model")


class ExportOptions(Options):
    """In which formats the final model is written, and how equal they must be.

    Attributes:
        formats: Formats to write, each `keras` (the file `nas.model` holds too),
            `saved_model`, or `package.module:Exporter` of a custom one.
        parity_images: Real non-test images on which each reloaded copy is compared
            with the model in memory; all there are when the data set has fewer.
        parity_tolerance: Largest difference of a class probability allowed.
        model_license: Licence named in the model card, an SPDX identifier.
    """

    formats: tuple[str, ...] = FORMATS
    parity_images: int = Field(256, ge=1)
    parity_tolerance: float = Field(1e-4, gt=0, le=0.1)
    model_license: str = Field("apache-2.0", min_length=1)

    @field_validator("formats")
    @classmethod
    def _known_and_distinct(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if not formats or len(set(formats)) != len(formats):
            raise ValueError("name at least one format, each once")
        unknown = [
            name for name in formats if name not in FORMATS and not is_import_path(name)
        ]
        if unknown:
            raise ValueError(
                f"{', '.join(map(repr, unknown))} is neither {' nor '.join(FORMATS)}"
                " nor package.module:Exporter"
            )
        return formats
