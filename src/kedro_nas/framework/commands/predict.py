"""`kedro nas predict`: classify new images with an exported file."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kedro_nas.errors import ParameterError
from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    print_answer,
)
from kedro_nas.framework.project import Search, opened
from kedro_nas.framework.terminal_tables import Cell, format_table
from kedro_nas.parameters.prediction import PredictionOptions

if TYPE_CHECKING:
    from kedro_nas.export.classify_images import Predictions
    from kedro_nas.export.waiting_interpreter import WaitingInterpreter

_OUTPUTS = (".parquet", ".csv")


@click.command()
@click.argument("images")
@click.option(
    "--format",
    "format_",
    default=None,
    help="Exported format, e.g. litert; instead of nas.prediction.format.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="File ending in .parquet or .csv; instead of the catalog's nas.predictions.",
)
@click.option(
    "--average-flips",
    is_flag=True,
    help="Average over mirrored copies; takes twice as long.",
)
@env_option
@namespace_option
@json_option
@click.pass_obj
def predict(
    metadata: Any,
    images: str,
    format_: str | None,
    output: Path | None,
    env: str | None,
    namespace: str | None,
    *,
    average_flips: bool,
    as_json: bool,
) -> None:
    """Classify the IMAGES of a folder, at any depth, with the exported model.

    IMAGES is a folder, an image, or a table (.csv, .parquet, .arrow, .npz), here or
    remote. An image that cannot be used is a row with the reason.
    """
    check_output(output)
    with (
        interpreter_for(format_) as interpreter,
        opened(metadata.project_path, env=env, namespace=namespace) as search,
    ):
        from kedro_nas.export.classify_images import predict_images

        given = search.options(PredictionOptions, "prediction")
        options = PredictionOptions.parse(
            {
                **given.model_dump(),
                "format": format_ or given.format,
                "average_flips": average_flips or given.average_flips,
            },
            where=search.parameter("prediction"),
        )
        place = str(output) if output else search.place("predictions")
        found = predict_images(
            images_at(images), search.load("exports"), options, interpreter
        )
        keep(found, search, output)
    value = {**asdict(found), "path": place}
    print_answer(value, text_of(found, place), as_json=as_json)


def check_output(output: Path | None) -> None:
    """Check the name of an output file before any image is read.

    Raises:
        ParameterError: It is neither a Parquet nor a CSV file.
    """
    if output is not None and output.suffix not in _OUTPUTS:
        raise ParameterError(
            "predictions cannot be written to that file",
            received=f"--output {output}",
            allowed=f"a name that ends in {' or '.join(_OUTPUTS)}",
            remedy="Choose such a name",
        )


def interpreter_for(
    format_: str | None,
) -> AbstractContextManager[WaitingInterpreter | None]:
    """Start the process of a format's runtime; none for an unknown or custom format.

    A custom format is known only when its module has been imported.
    """
    from kedro_nas.export.formats import EXPORTERS
    from kedro_nas.export.waiting_interpreter import (
        WaitingInterpreter,
        packages_imported_by,
    )

    if format_ not in EXPORTERS:
        return nullcontext()
    program = EXPORTERS[format_].snippet()
    return WaitingInterpreter(["numpy", *packages_imported_by(program)])


def images_at(place: str) -> Any:
    """Return what `predict_images` takes for a path; one image is a table of it."""
    from kedro_nas.data.sources.folder import SUFFIXES

    if Path(place).suffix.lower() in SUFFIXES and Path(place).is_file():
        import pandas as pd

        return pd.DataFrame({"image": [place]})
    return place


def keep(found: Predictions, search: Search, output: Path | None) -> None:
    """Move the table to the catalog or a file; the temporary one is deleted anyhow.

    Args:
        found: As returned by `predict_images`.
        search: The search whose catalog has an entry for predictions.
        output: The file; None for the catalog's entry.
    """
    from kedro_nas.export.prediction_table import write_copy

    try:
        if output is None:
            search.catalog.get(search.name("predictions")).save(found.path)
        else:
            write_copy(found.path, output)
    finally:
        found.path.unlink(missing_ok=True)  # a saved table has been moved


def text_of(found: Predictions, place: str) -> str:
    """Return the answer for people: how many images of each class and fault, where."""
    n_faults = sum(found.by_fault.values())
    classes: list[dict[str, Cell]] = [
        {"class": name, "images": count} for name, count in found.by_class.items()
    ]
    lines = [
        f"{found.n_images:,} images classified with '{found.format}' in "
        f"{found.seconds:.1f} s"
        + (f"; {n_faults:,} cannot be used:" if n_faults else "."),
        *(f"  {count:,} x {reason}" for reason, count in found.by_fault.items()),
        *found.notes,
        format_table(classes, {"class": "class", "images": "images"}),
        f"Written to {place}",
    ]
    return "\n".join(lines)
