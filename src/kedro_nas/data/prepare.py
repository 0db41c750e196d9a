"""Data preparation: from images of any source to a store and a profile."""

from __future__ import annotations

import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kedro_nas.data.assemble import draw_folds, draw_splits, name_changes, write_store
from kedro_nas.data.cleaning import SET_ASIDE_FILE, Cleaned, clean
from kedro_nas.data.guard import judge
from kedro_nas.data.image_profile import build_profile, leak_examples
from kedro_nas.data.ingest import Ingested, ingest
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.data.pixel_file import order_after, remove_rows
from kedro_nas.data.rows import Rows, check_classes, sample_rows, usable_rows
from kedro_nas.data.sources import Columns, as_source
from kedro_nas.data.sources.cells import content_key
from kedro_nas.data.store import FORMAT, ImageStore
from kedro_nas.errors import DataError, RecordError
from kedro_nas.files import write_atomically, write_json
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.preprocessing import Preprocessing
from kedro_nas.records.profile import DatasetProfile, Verdict
from kedro_nas.work_clock import WorkClock
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)

# options that change neither pixels nor splits
_NOT_IN_KEY = {"n_workers", "max_disk_gb"}
_CLOSING = "closing"  # this file exists while rows of the pixel file are moved


@one_writer
def prepare_images(
    images: Any, options: DataPreparationOptions, *, seed: int, workspace: Path
) -> tuple[ImageStore, DatasetProfile]:
    """Decode, clean and split images, and derive the verdict on them.

    Unchanged images and options are not prepared again; a run that was killed resumes
    where it stopped. After an error the store of an earlier run is unchanged.

    Args:
        images: Anything that `sources.as_source` accepts.
        options: See `DataPreparationOptions`.
        seed: The root seed.
        workspace: Folder for the store (`data_preparation/current/store`) and for the
            state from which a killed run resumes.

    Returns:
        The store and the profile of its images.

    Raises:
        DataError: No valid result can be obtained from these images, labels or splits.
    """
    started = time.monotonic()
    folder = Path(workspace) / "data_preparation"
    columns = Columns(
        options.image_column,
        options.label_column,
        options.split_column,
        options.group_column,
    )
    source = as_source(images, columns)
    source.max_pixels = options.max_pixels
    listing = source.listing()
    settings = options.model_dump(mode="json", exclude=_NOT_IN_KEY)
    key = content_key([FORMAT, listing.key, settings, seed])
    kept = _unchanged(folder, key)
    if kept is not None:
        logger.info("Images and options are unchanged; nothing to prepare.")
        return kept
    rows = usable_rows(listing)
    _check_before_decoding(rows, options)
    sample_rows(rows, source, options.max_images, seed)
    build = folder / f"build-{key}"
    if (
        build / _CLOSING
    ).exists():  # killed while rows were moved: the pixels are not usable
        shutil.rmtree(build)
    # outside the build, which may be deleted; the time of killed sessions counts
    clock = WorkClock.resume(folder / f"clock-{key}.txt", began=started)
    with clock.ticking():
        ingested = ingest(source, rows.table["row"].to_numpy(), options, build)
        cleaned = clean(rows, ingested, source, options)
        contract = preprocessing_of(
            ingested.layout, rows.class_names, options.max_pixels, listing.pixel_scale
        )
        profile = _write(build, rows, ingested, cleaned, options, seed, contract)
    profile = profile.model_copy(
        update={
            "source": source.describe(),
            "warnings": (*listing.notes, *profile.warnings),
            "changes": _changes(folder, ImageStore.open(build / "store")),
            "seconds": round(clock.seconds, 2),
        }
    )
    write_json(build / "profile.json", profile.to_json())
    write_json(build / "state.json", {"key": key})
    _promote(build, folder)
    return _log(*_opened(folder))


def _unchanged(folder: Path, key: str) -> tuple[ImageStore, DatasetProfile] | None:
    build = folder / f"build-{key}"
    if (build / "state.json").exists():  # killed between the last two steps
        _promote(build, folder)
    state = folder / "current" / "state.json"
    if not state.exists() or json.loads(state.read_text())["key"] != key:
        return None
    try:
        store, profile = _opened(folder)
    except (RecordError, DataError) as error:
        # a profile of another version, or a file that was cut short on the disk
        logger.warning("The images are prepared again: %s", error)
        return None
    # a store of an earlier version does not tell how its images were read
    return None if store.preprocessing is None else (store, profile)


def _opened(folder: Path) -> tuple[ImageStore, DatasetProfile]:
    current = folder / "current"
    profile = DatasetProfile.read(json.loads((current / "profile.json").read_text()))
    return ImageStore.open(current / "store"), profile


def _check_before_decoding(rows: Rows, options: DataPreparationOptions) -> None:
    """Check the sizes of classes before the images are decoded."""
    table = rows.table[rows.table["split"] != "test"]
    grouped = table["group_id"] > 0
    check_classes(
        table["label"].to_numpy(),
        table["group_id"].where(grouped, table["row"].astype("uint64")).to_numpy(),
        rows.class_names,
        options,
        of="images or groups" if grouped.any() else "images",
    )


def _write(
    build: Path,
    rows: Rows,
    ingested: Ingested,
    cleaned: Cleaned,
    options: DataPreparationOptions,
    seed: int,
    contract: Preprocessing,
) -> DatasetProfile:
    """Split the cleaned images, write the store and return the profile."""
    # the order of the pixels after the dropped rows are removed
    order = order_after(cleaned.keep)
    table = cleaned.table.iloc[order].reset_index(drop=True)
    table["split"], notes = draw_splits(table, options, seed)
    verdict = _verdict(table, rows.class_names, options)
    folds = draw_folds(table, verdict, seed)
    # before rows of the pixel file are moved or removed
    examples = leak_examples(
        cleaned.findings.leaks,
        cleaned.table["source"].tolist(),
        np.load(ingested.pixels, mmap_mode="r"),
    )
    (build / _CLOSING).touch()
    remove_rows(ingested.pixels, cleaned.keep, ingested.layout.shape)
    index = table[["image_id", "label", "split", "group"]].join(folds)
    index["source"] = table["source"]
    folder = ingested.pixels.parent
    store = write_store(
        folder, index, ingested.layout, rows.class_names, verdict, contract
    )
    write_atomically(
        build / SET_ASIDE_FILE,
        lambda file: cleaned.set_aside.to_csv(file, index=False),
    )
    return build_profile(
        store,
        ingested.records.iloc[order],
        verdict=verdict,
        leaks=cleaned.leaks.model_copy(update={"examples": examples}),
        set_aside=cleaned.summary(),
        notes=notes,
        warnings=cleaned.warnings,
    )


def _verdict(
    table: pd.DataFrame, class_names: list[str], options: DataPreparationOptions
) -> Verdict:
    dev = table[table["split"] != "test"]
    labels, units = dev["label"].to_numpy(), dev["unit"].to_numpy()
    check_classes(labels, units, class_names, options, of="distinct images or groups")
    counts = np.bincount(labels, minlength=len(class_names))
    n_train = int((table["split"] == "train").sum())
    return judge(counts, n_train, class_names, options)


def _changes(folder: Path, new: ImageStore) -> str:
    """Describe how a store differs from the one of the run before."""
    try:
        old = ImageStore.open(folder / "current" / "store")
    except DataError:
        return "first preparation"
    return name_changes(*(_named_index(store) for store in (old, new)))


def _named_index(store: ImageStore) -> pd.DataFrame:
    index = store.index[["image_id", "split"]]
    names = np.array(store.class_names, dtype=object)
    return index.assign(label_name=names[store.labels])


def _promote(build: Path, folder: Path) -> None:
    """Replace the current build by a finished one and remove temporary files."""
    current, old = folder / "current", folder / "old"
    shutil.rmtree(old, ignore_errors=True)
    if current.exists():
        current.rename(old)
    build.rename(current)
    # a store that is open keeps access to its pixels until it is closed
    for stale in [old, *folder.glob("build-*"), *current.glob("records-*")]:
        shutil.rmtree(stale, ignore_errors=True)
    for clock in folder.glob("clock-*.txt"):
        clock.unlink(missing_ok=True)


def _log(
    store: ImageStore, profile: DatasetProfile
) -> tuple[ImageStore, DatasetProfile]:
    counts = {
        split: sum(of_class.values()) for split, of_class in profile.counts.items()
    }
    logger.info(
        "%d images of %s, %d classes: %s; %s; %s.",
        len(store),
        "x".join(map(str, store.image_shape)),
        store.n_classes,
        ", ".join(f"{n} {split}" for split, n in counts.items()),
        profile.verdict.mode,
        profile.changes,
    )
    for sentence in [*profile.warnings, *profile.verdict.reasons]:
        logger.warning("%s", sentence)
    return store, profile
