"""Options of the `export` stage: the final training, and the files it is written to."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from kedro_nas.custom_code import is_import_path
from kedro_nas.parameters.base import Options

FORMATS = (
    "keras",
    "saved_model",
    "litert",
    "litert_float16",
    "litert_dynamic",
    "litert_int8",
    "onnx",
    "openvino",
)
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ExportOptions(Options):
    """How the winner is trained on all rows but the test rows, and written.

    Attributes:
        budget_s: Wall seconds of the final training, all sessions together; `auto` uses
            all that is left of the job's budget (docs/concepts/budget.md); null for no
            limit, then `epochs` or `epochs_factor` apply.
        formats: Formats to write, each `keras` (the file that `nas.model` also holds),
            `saved_model`, `litert`, `litert_float16`, `litert_dynamic`, `litert_int8`
            (extra `litert`), `onnx` (extra `onnx`), `openvino` (extra `openvino`), or
            `package.module:Exporter` of a custom one.
        augmentation: Of the final training and of folds: `auto` adds flips where the
            data allow them, and TrivialAugment where the training is long enough to
            gain by it; `as_searched` keeps the augmentation of the search.
        averaging: Whether the exported model averages its predictions over shifts of a
            pixel, and flips if it was trained with them: `none`, or `auto`; gains some
            tenths of a point for several times the latency.
        model_license: Licence named in the model card, an SPDX identifier.
        epochs: Epochs of the final training, None for as many as fit in its seconds.
        epochs_factor: Epochs of a training without a limit in seconds, as a multiple of
            a full training in the search.
        seeds: Final trainings of the winner; the one with the lowest training loss is
            used.
        parity_images: Real non-test images on which each reloaded copy is compared with
            the model in memory; all of them if the data set has fewer.
        parity_tolerance: Largest difference of a class probability allowed; formats
            that round weights have a larger one of their own.
        max_accuracy_drop_pp: Percentage points of accuracy that an int8 copy may lose
            on the compared images.
    """

    section: ClassVar[str] = "export"

    budget_s: Seconds | Literal["auto"] | None = "auto"
    formats: tuple[str, ...] = ("keras", "saved_model")
    augmentation: Literal["auto", "as_searched"] = "auto"
    averaging: Literal["none", "auto"] = "auto"
    model_license: str = Field("apache-2.0", min_length=1)
    epochs: int | None = Field(None, ge=1)
    epochs_factor: float = Field(2, ge=1, le=10)
    seeds: int = Field(1, ge=1, le=3)
    parity_images: int = Field(256, ge=1)
    parity_tolerance: float = Field(1e-4, gt=0, le=0.1)
    max_accuracy_drop_pp: float = Field(1.0, ge=0, le=100)

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
                f"{', '.join(map(repr, unknown))} is none of {', '.join(FORMATS)}"
                " nor package.module:Exporter"
            )
        return formats
