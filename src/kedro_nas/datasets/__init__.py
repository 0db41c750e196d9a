"""Kedro datasets of kedro-nas, imported on first use.

In a catalog: `type: kedro_nas.datasets.<name>`.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {
    "ArchitectureDataset": "architecture",
    "DeviceProfilesDataset": "device_profiles",
    "ExportsDataset": "exports",
    "ImageStoreDataset": "image_store",
    "ImagesDataset": "images",
    "KerasModelDataset": "keras_model",
    "PredictionsDataset": "predictions",
    "ReportDataset": "report",
    "TrialsDataset": "trials",
    "WorkspaceDataset": "workspace",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
