"""`TrialsDataset`: the table of trials, with a preview for kedro-viz."""

from __future__ import annotations

from typing import Any

from kedro_datasets.pandas import ParquetDataset

from kedro_nas.datasets.base import TablePreview
from kedro_nas.datasets.file_location import OF_OPEN, FileLocation, KedroConfig

_NOT_SHOWN = ("architecture",)


class TrialsDataset(ParquetDataset):  # type: ignore[misc]
    """A `pandas.ParquetDataset` with a preview.

    kedro-viz cannot show learning curves, which are lists in cells; the preview leaves
    them out, and the JSON of architectures. Loading returns all columns.

    YAML API:

    ```yaml
    nas.trials:
      type: kedro_nas.datasets.TrialsDataset
      filepath: data/07_model_output/nas/trials.parquet
    ```

    Python API:

    >>> import tempfile
    >>> import pandas as pd
    >>> dataset = TrialsDataset(filepath=tempfile.mkdtemp() + "/trials.parquet")
    >>> dataset.save(pd.DataFrame({"trial_id": ["a"], "curve": [[0.1, 0.2]]}))
    >>> dataset.preview()["columns"]
    ['trial_id']

    Args: those of `pandas.ParquetDataset`; credentials override `fs_args`, as in
    all our datasets.
    """

    def __init__(
        self,
        *,
        filepath: str,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
        **others: Any,
    ) -> None:
        given = dict(fs_args or {})
        of_open = {name: given.pop(name) for name in OF_OPEN & given.keys()}
        location = FileLocation.parse(filepath, credentials=credentials, fs_args=given)
        super().__init__(
            filepath=filepath, fs_args={**location.options, **of_open}, **others
        )

    def preview(self, nrows: int = 20) -> TablePreview:
        """Show the columns of numbers and texts.

        Args:
            nrows: Number of rows, from the first.
        """
        frame: Any = self.load().head(nrows)
        shown = [
            name
            for name in frame.columns
            if name not in _NOT_SHOWN
            and not frame[name]
            .map(lambda cell: hasattr(cell, "__len__") and not isinstance(cell, str))
            .any()
        ]
        found = frame[shown].astype(object).where(frame[shown].notna(), None)
        return TablePreview(found.to_dict(orient="split"))
