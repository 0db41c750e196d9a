"""The node of the data preparation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.data_preparation import DataPreparationOptions


def prepare_images(
    images: Any,
    workspace: Path,
    data_preparation: DataPreparationOptions,
    seed: int,
) -> tuple[Any, JsonValue]:
    """Decode, clean, split and profile the images; see `data.prepare`."""
    from kedro_nas.data.prepare import prepare_images as prepare

    options = DataPreparationOptions.parse(
        data_preparation, where="nas.data_preparation"
    )
    store, profile = prepare(images, options, seed=seed, workspace=workspace)
    return store, profile.to_json()
