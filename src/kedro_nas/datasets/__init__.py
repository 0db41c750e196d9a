"""Kedro datasets of kedro-nas, imported on first use.

In a catalog: `type: kedro_nas.datasets.<name>`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "architecture_dataset": ["ArchitectureDataset"],
        "device_profiles_dataset": ["DeviceProfilesDataset"],
        "exports_dataset": ["ExportsDataset"],
        "image_store_dataset": ["ImageStoreDataset"],
        "images_dataset": ["ImagesDataset"],
        "keras_model_dataset": ["KerasModelDataset"],
        "predictions_dataset": ["PredictionsDataset"],
        "report_dataset": ["ReportDataset"],
        "trials_dataset": ["TrialsDataset"],
        "workspace_dataset": ["WorkspaceDataset"],
    },
)
