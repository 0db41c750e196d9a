"""Kedro datasets of kedro-nas, imported on first use.

In a catalog: `type: kedro_nas.datasets.<name>`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "architecture": ["ArchitectureDataset"],
        "device_profiles": ["DeviceProfilesDataset"],
        "exports": ["ExportsDataset"],
        "image_store": ["ImageStoreDataset"],
        "images": ["ImagesDataset"],
        "keras_model": ["KerasModelDataset"],
        "predictions": ["PredictionsDataset"],
        "report": ["ReportDataset"],
        "trials": ["TrialsDataset"],
        "workspace": ["WorkspaceDataset"],
    },
)
