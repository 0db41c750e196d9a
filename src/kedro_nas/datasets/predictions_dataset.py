"""`PredictionsDataset`: a table of predictions in one Parquet file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io.core import DatasetError, get_filepath_str

from kedro_nas.datasets.base import FileDataset, TablePreview
from kedro_nas.files import write_file_atomically

if TYPE_CHECKING:
    import pandas as pd


class PredictionsDataset(FileDataset[Path, "pd.DataFrame"]):
    """A Parquet file, moved from where a node wrote it; loaded as a DataFrame.

    The table is never in memory when it is saved, so it may be larger.

    YAML API:

    ```yaml
    nas.predictions:
      type: kedro_nas.datasets.PredictionsDataset
      filepath: data/07_model_output/nas/predictions.parquet
      versioned: true
    ```

    Python API:

    >>> import tempfile
    >>> import pandas as pd
    >>> folder = Path(tempfile.mkdtemp())
    >>> pd.DataFrame({"class": ["cat"]}).to_parquet(folder / "made.parquet")
    >>> dataset = PredictionsDataset(filepath=f"{folder}/predictions.parquet")
    >>> dataset.save(folder / "made.parquet")
    >>> dataset.load()["class"].tolist()
    ['cat']

    Args: those of `FileDataset`.
    """

    def load(self) -> pd.DataFrame:
        """Read the table."""
        import pandas as pd

        path = get_filepath_str(self._get_load_path(), self._protocol)
        with self._fs.open(path, "rb") as file:
            return pd.read_parquet(file)

    def save(self, data: Path) -> None:
        """Move the file `data` to the path, replacing an earlier one.

        Raises:
            DatasetError: `data` is not the path of a file.
        """
        if not (isinstance(data, str | Path) and Path(data).is_file()):
            raise DatasetError(
                "Predictions are saved from a Parquet file on this machine. Received: "
                f"{type(data).__name__}. Save a DataFrame with pandas.ParquetDataset."
            )
        path = get_filepath_str(self._get_save_path(), self._protocol)
        if self._protocol == "file":
            write_file_atomically(Path(path), lambda beside: shutil.move(data, beside))
        else:  # object stores replace an object atomically
            self._fs.put_file(str(data), path)
            Path(data).unlink()
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))

    def preview(self, nrows: int = 20) -> TablePreview:
        """Show the first rows in kedro-viz.

        Args:
            nrows: Number of rows.
        """
        import pyarrow.parquet as pq

        path = get_filepath_str(self._get_load_path(), self._protocol)
        with self._fs.open(path, "rb") as file:
            batches = pq.ParquetFile(file).iter_batches(nrows)
            frame = next(batches).to_pandas()
        found = frame.astype(object).where(frame.notna(), None)
        return TablePreview(found.to_dict(orient="split"))
