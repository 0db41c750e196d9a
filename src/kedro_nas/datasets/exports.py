"""`ExportsDataset`: the folder that is handed over to whoever uses the model."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import fsspec
from kedro.io.core import AbstractDataset, DatasetError, get_protocol_and_path
from kedro_datasets._typing import JSONPreview

from kedro_nas.datasets.preview import to_json


class ExportsDataset(AbstractDataset[Path, Path]):
    """A folder of files, taken over whole from where a node wrote it.

    Saving moves the node's folder into place; until then the folder of an earlier
    run stays as it was. Loading gives a local path, fetched first when remote.

    YAML API:

    ```yaml
    nas.exports:
      type: kedro_nas.datasets.ExportsDataset
      path: data/06_models/nas/exports
    ```

    Python API:

    >>> import tempfile
    >>> made = Path(tempfile.mkdtemp())
    >>> _ = (made / "model_card.md").write_text("# A model")
    >>> dataset = ExportsDataset(path=tempfile.mkdtemp() + "/exports")
    >>> dataset.save(made)
    >>> [file.name for file in dataset.load().iterdir()]
    ['model_card.md']

    Args:
        path: The folder, with a protocol such as `s3://` when remote.
        credentials: Passed to the filesystem, from `credentials.yml`.
        fs_args: Further arguments of the filesystem.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def __init__(
        self,
        *,
        path: str,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._protocol, self._path = get_protocol_and_path(path)
        arguments = {**deepcopy(credentials or {}), **deepcopy(fs_args or {})}
        self._fs = fsspec.filesystem(self._protocol, **arguments)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder; a remote one is copied to a temporary folder."""
        if not self._exists():
            raise DatasetError(
                f"There are no exports. Received: {self._path}, which is missing. "
                "Run the stage 'export' first."
            )
        if self._protocol == "file":
            return Path(self._path)
        local = Path(tempfile.mkdtemp(prefix="kedro-nas-exports-"))
        self._fs.get(self._path.rstrip("/") + "/", str(local), recursive=True)
        return local

    def save(self, data: Path) -> None:
        """Move the folder `data` here, replacing an earlier one."""
        if not Path(data).is_dir():
            raise DatasetError(f"Exports are a folder. Received: {data}.")
        if self._protocol == "file":
            _replace_folder(Path(data), Path(self._path))
        else:
            if self._fs.exists(self._path):
                self._fs.rm(self._path, recursive=True)
            self._fs.put(f"{data}/", self._path.rstrip("/") + "/", recursive=True)
            shutil.rmtree(data)

    def _exists(self) -> bool:
        return bool(self._fs.exists(self._path))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "protocol": self._protocol}

    def preview(self) -> JSONPreview:
        """List the files and their sizes in bytes."""
        sizes = self._fs.find(self._path, detail=True)
        cut = len(self._path.rstrip("/")) + 1
        return to_json({name[cut:]: info["size"] for name, info in sizes.items()})


def _replace_folder(made: Path, place: Path) -> None:
    """Swap by renaming: copy beside first, as `made` may be on another disk."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    former = place.with_name(f".{place.name}.old")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.move(str(made), beside)
    shutil.rmtree(former, ignore_errors=True)
    if place.exists():
        place.rename(former)
    beside.rename(place)
    shutil.rmtree(former, ignore_errors=True)
