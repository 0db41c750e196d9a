"""`WorkspaceDataset`: a folder for the state from which a killed stage resumes."""

from __future__ import annotations

from pathlib import Path

from kedro.io.core import AbstractDataset, DatasetError

from kedro_nas.datasets.base import JSONPreview, to_json
from kedro_nas.datasets.file_location import KedroConfig
from kedro_nas.errors import SearchError


class WorkspaceDataset(AbstractDataset[Path, Path]):
    """A local folder, loaded as a `pathlib.Path` and created if missing.

    It is always an input: nodes write into it while they run, without saving the
    dataset. It has to be on a local disk, as its files are synced often.

    YAML API:

    ```yaml
    nas.workspace:
      type: kedro_nas.datasets.WorkspaceDataset
      path: data/06_models/nas/workspace
    ```

    Python API:

    >>> import tempfile
    >>> dataset = WorkspaceDataset(path=tempfile.mkdtemp() + "/workspace")
    >>> folder = dataset.load()
    >>> folder.is_dir()
    True

    Args:
        path: The folder.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    _SINGLE_PROCESS = True

    def __init__(self, *, path: str, metadata: KedroConfig | None = None) -> None:
        if "://" in path:
            raise DatasetError(
                f"A workspace must be a local folder. Received: {path}. "
                "Give a path on this machine's disk."
            )
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> Path:
        """Create the folder if it is missing, and return its path.

        Raises:
            SearchError: It cannot be created.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SearchError(
                f"the workspace {self._path} cannot be created",
                received=f"{error.strerror}: {error.filename}",
                allowed="a folder this process may write into",
                remedy="Correct its permissions, or set another path for nas.workspace "
                "in the catalog",
            ) from error
        return self._path

    def save(self, data: Path) -> None:
        """Raise an error: nodes write into the folder, and never save it."""
        raise DatasetError(
            f"A workspace is an input; nodes write into it. Received: {data}."
        )

    def _exists(self) -> bool:
        return True  # it can always be loaded

    def _describe(self) -> dict[str, str]:
        return {"path": str(self._path)}

    def preview(self) -> JSONPreview:
        """List the first 100 files with their sizes in bytes."""
        files = sorted(p for p in self._path.rglob("*") if p.is_file())[:100]
        sizes = {str(p.relative_to(self._path)): p.stat().st_size for p in files}
        return to_json({"files": sizes})
