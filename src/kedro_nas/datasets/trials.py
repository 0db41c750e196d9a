"""`TrialsDataset`: the table of trials, previewed without its nested columns."""

from __future__ import annotations

from typing import Any

from kedro.io.core import get_protocol_and_path
from kedro_datasets.pandas import ParquetDataset

from kedro_nas.datasets.base import OF_OPEN, TablePreview, storage_options

_NOT_SHOWN = ("architecture",)


class TrialsDataset(ParquetDataset):  # type: ignore[misc]
    """A Parquet table as `pandas.ParquetDataset`, with a preview kedro-viz can show.

    Learning curves are lists in a cell, which kedro-viz cannot serialise; the preview
    leaves them out, and the architecture's JSON. Loading gives all columns.

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

    Args: those of `pandas.ParquetDataset`; credentials win over `fs_args`, as in all
    our datasets.
    """

    def __init__(
        self,
        *,
        filepath: str,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        given = dict(fs_args or {})
        of_open = {name: given.pop(name) for name in OF_OPEN & given.keys()}
        protocol, _ = get_protocol_and_path(filepath)
        options = storage_options(protocol, credentials, given)
        super().__init__(filepath=filepath, fs_args={**options, **of_open}, **others)

    def preview(self, nrows: int = 20) -> TablePreview:
        """Show the first rows, cells that are numbers or words only.

        Args:
            nrows: How many rows.
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
