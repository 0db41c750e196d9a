"""Options of the `export` stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from kedro_nas.parameters.base import Options

Format = Literal["keras", "saved_model"]


class ExportOptions(Options):
    """In which formats the final model is written, and how equal they must be.

    Attributes:
        formats: Formats to write; `keras` is what `nas.model` holds as well.
        parity_images: Real non-test images on which each reloaded copy is compared
            with the model in memory; all there are when the data set has fewer.
        parity_tolerance: Largest difference of a class probability allowed.
        model_license: Licence named in the model card, an SPDX identifier.
    """

    formats: tuple[Format, ...] = ("keras", "saved_model")
    parity_images: int = Field(256, ge=1)
    parity_tolerance: float = Field(1e-4, gt=0, le=0.1)
    model_license: str = Field("apache-2.0", min_length=1)

    @field_validator("formats")
    @classmethod
    def _some_and_distinct(cls, formats: tuple[Format, ...]) -> tuple[Format, ...]:
        if not formats or len(set(formats)) != len(formats):
            raise ValueError("name at least one format, each once")
        return formats
