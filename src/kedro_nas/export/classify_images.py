"""New images, classified by an exported file, a row per image."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro_nas.devices import cpu_numbers
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter, find_exporters, traits_of
from kedro_nas.export.handover import read_contract, read_manifest
from kedro_nas.export.runtime_process import RuntimeProcess
from kedro_nas.export.waiting_interpreter import WaitingInterpreter
from kedro_nas.parameters.prediction import PredictionOptions
from kedro_nas.records.manifest import Manifest

logger = logging.getLogger(__name__)

# a process of LiteRT takes 0.1 s to start, small images 0.1 ms each
_IMAGES_PER_PROCESS = 2_000


@dataclass(frozen=True)
class Predictions:
    """The table of predictions, and what it holds.

    Attributes:
        path: The Parquet file; the caller owns it.
        format: The exported format that was used.
        flips: Whether probabilities are averaged over mirrored copies here.
        n_images: Number of rows.
        by_class: Number of images by class, in the order of the classes.
        by_fault: Number of images that cannot be used, by kind of reason.
        notes: Sentences about files that were passed over.
        seconds: Wall seconds.
    """

    path: Path
    format: str
    flips: bool
    n_images: int
    by_class: dict[str, int]
    by_fault: dict[str, int]
    notes: tuple[str, ...]
    seconds: float


def predict_images(
    images: Any,
    exports: Path,
    options: PredictionOptions,
    interpreter: WaitingInterpreter | None = None,
) -> Predictions:
    """Classify new images with an exported file.

    Images are decoded as those of the training were, in parts; neither all images nor
    all rows are in memory at once. An image that cannot be used is a row with a reason.

    Args:
        images: Anything that `data.sources.as_source` accepts; labels are not read.
        exports: The folder of exports.
        options: Which file is used, and how.
        interpreter: A process that was started earlier, for the runtime; it is ended.

    Returns:
        A new temporary file of the columns `row`, `file`, `class`, `probability`, one
        of probabilities for each class, and `fault`; and what it holds.

    Raises:
        DataError: There are no images.
        ExportError: The format was not exported, or its file cannot be used.
        RecordError: Another version has written the exports.
    """
    began = time.monotonic()
    folder = Path(exports)
    manifest = read_manifest(folder)
    exporter = _exporter_of(manifest, folder, options.format)
    contract = read_contract(folder)
    flips = options.average_flips and not manifest.averages_flips
    if options.average_flips and not flips:
        logger.info("The exported model averages over flips itself.")
    shape = contract.height, contract.width, contract.channels
    n_classes = len(contract.class_names)
    with ExitStack() as stack:

        def start(waiting: WaitingInterpreter | None = None) -> RuntimeProcess:
            process = RuntimeProcess(
                exporter, folder, shape, n_classes, flips=flips, interpreter=waiting
            )
            return stack.enter_context(process)

        # it loads the file while Pillow and pyarrow are imported and images are listed
        processes = [start(interpreter)]
        from kedro_nas.data.new_images import list_new_images
        from kedro_nas.export.table_of_images import write_table

        listed = list_new_images(images, contract, image_column=options.image_column)
        for note in listed.notes:
            logger.warning("%s", note)
        n_more = _n_processes(exporter, len(listed)) - 1
        processes += [start() for _ in range(n_more)]
        path, table = write_table(listed, processes, contract, options.n_workers)
    found = Predictions(
        path=path,
        format=exporter.name,
        flips=flips,
        n_images=len(listed),
        by_class=dict(zip(contract.class_names, table.n_by_class, strict=True)),
        by_fault=_by_kind(table.n_by_fault),
        notes=tuple(listed.notes),
        seconds=time.monotonic() - began,
    )
    _log(found)
    return found


def _n_processes(exporter: Exporter, n_images: int) -> int:
    """Return how many processes classify: one, unless its runtime uses one core."""
    if not traits_of(exporter).uses_one_core:
        return 1
    return max(1, min(len(cpu_numbers()), n_images // _IMAGES_PER_PROCESS))


def _exporter_of(manifest: Manifest, folder: Path, name: str) -> Exporter:
    """Return the exporter of a format that the folder has a file of."""
    options = {each.option: each for each in manifest.files}
    chosen = next(iter(options)) if name == "auto" else name
    if chosen not in options or not (folder / options[chosen].file).exists():
        raise ExportError(
            f"the model was not exported as '{chosen}'",
            received=f"nas.prediction.format={name}",
            allowed=f"auto, {', '.join(options)}",
            remedy="Choose one of them, or add the format to nas.export.formats and "
            "run the stage export again",
        )
    (exporter,) = find_exporters([chosen])
    return exporter


def _by_kind(faults: Counter[str]) -> dict[str, int]:
    from kedro_nas.data.decode import kind_of_reason

    kinds: Counter[str] = Counter()
    for reason, count in faults.items():
        kinds[kind_of_reason(reason)] += count
    return dict(kinds.most_common())


def _log(found: Predictions) -> None:
    n_faults = sum(found.by_fault.values())
    logger.info(
        "%d images classified with '%s' in %.1f s, %d of them cannot be used.",
        found.n_images,
        found.format,
        found.seconds,
        n_faults,
    )
    for reason, count in found.by_fault.items():
        logger.warning("%d images cannot be used: %s.", count, reason)
