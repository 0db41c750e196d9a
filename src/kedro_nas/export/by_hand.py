"""Trains and exports a network of the search that a person named, without a search."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ExportError
from kedro_nas.export.evaluate import evaluate_on_test
from kedro_nas.export.export import export_model
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.export.formats import find_exporters
from kedro_nas.export.handover import MANIFEST, write_checksums
from kedro_nas.files import write_json
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.export import FinalFit, TestMetrics
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice

CHOICE_FILE, FIT_FILE, TEST_FILE = "choice.json", "final_fit.json", "test_metrics.json"


@dataclass(frozen=True)
class ExportedByHand:
    """A network that was trained finally and exported.

    Attributes:
        fit: How it was trained.
        test: Its results on the test images; None where they were not read.
    """

    fit: FinalFit
    test: TestMetrics | None


def check_place(place: Path, *, overwrite: bool) -> None:
    """Check that a folder may be written, before anything is trained.

    Args:
        place: Of the exports.
        overwrite: Whether exports that are there may be replaced.

    Raises:
        ExportError: It exists and may not be replaced, or it holds other files.
    """
    if not place.exists():
        return
    is_exports = (place / MANIFEST).is_file()
    if overwrite and is_exports:
        return
    raise ExportError(
        "the exports cannot be written there",
        received=f"{place}, which exists"
        + ("" if is_exports else f" and has no {MANIFEST}: it is no folder of exports"),
        allowed="a folder that does not exist"
        + ("; an older export with --overwrite" if is_exports else ""),
        remedy="Replace it with --overwrite, or name another folder with --output"
        if is_exports
        else "Name another folder with --output",
    )


def export_by_hand(
    store: ImageStore,
    profile: DatasetProfile,
    choice: Choice,
    workspace: Path,
    options: ExportOptions,
    job: JobOptions,
    seed: int,
    *,
    reads_test: bool,
    keep: Callable[[Path], None],
) -> ExportedByHand:
    """Train a network on all non-test rows and export it, as the stage `export` does.

    Its epochs or seconds are those of the network that the ranking chose. No baseline
    is trained. The test rows are left alone unless asked for: each further network that
    is read on them makes the best one look better than it is, so that a reading is
    counted, and the metrics say how many there were.

    Args:
        store: Images.
        profile: Of the images.
        choice: From `named_network.choose_by_hand`.
        workspace: A training that was killed is resumed from it; it counts readings.
        options: `params:nas.export`.
        job: `params:nas.job`.
        seed: The root seed.
        reads_test: Whether the test rows are read for it.
        keep: Moves the folder of exports to its place; it also holds `choice.json`,
            `final_fit.json` and, where the test rows were read, `test_metrics.json`.

    Raises:
        TrainingError: It could not be trained.
        ExportError: A format cannot be written, or differs from the model.
        SearchSpaceError: A custom block has changed since the search.
        SearchError: A run is writing into the workspace.
    """
    find_exporters(options.formats)  # before the training
    models = fit_final_models(store, profile, choice, workspace, options, job, seed)
    folder = export_model(models.winner, choice, store, options)
    try:
        test = None
        if reads_test:
            test = evaluate_on_test(
                store,
                models.winner,
                models.baseline,
                choice,
                models.record,
                folder,
                workspace,
            )
            write_json(folder / TEST_FILE, test.to_json())
        write_json(folder / CHOICE_FILE, choice.to_json())
        write_json(folder / FIT_FILE, models.record.to_json())
        write_checksums(folder)  # again, with these files
        keep(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # where it was not moved
    return ExportedByHand(models.record, test)
