"""The node of the data preparation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.data import prepare
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.data_preparation import DataPreparationOptions


def prepare_images(
    images: Any,
    workspace: Path,
    data_preparation: DataPreparationOptions,
    seed: int,
) -> tuple[ImageStore, JsonValue]:
    """Decode, clean, split and profile the images; see `data.prepare`."""
    options = DataPreparationOptions.parse(
        data_preparation, where="nas.data_preparation"
    )
    store, profile = prepare.prepare_images(
        images, options, seed=seed, workspace=workspace
    )
    return store, profile.to_json()
