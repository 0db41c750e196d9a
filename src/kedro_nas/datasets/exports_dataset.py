"""`ExportsDataset`: the folder of exported models and their documentation."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from kedro.io.core import DatasetError

from kedro_nas.datasets.base import FolderDataset, JSONPreview, to_json


class ExportsDataset(FolderDataset[Path, Path]):
    """A folder of files, moved from where a node wrote it.

    Saving replaces the folder of an earlier run only once the new one is complete.
    Loading returns a local path; a remote folder is downloaded first.

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

    Args: those of `FolderDataset`.
    """

    def load(self) -> Path:
        """Return the folder; a remote one is copied to a temporary folder."""
        if not self._exists():
            raise DatasetError(
                f"There are no exports. Received: {self._filepath}, which is missing. "
                "Run the stage 'export' first."
            )
        place = str(self._get_load_path())
        if self._protocol == "file":
            return Path(place)
        local = Path(tempfile.mkdtemp(prefix="kedro-nas-exports-"))
        self._fs.get(place.rstrip("/") + "/", str(local), recursive=True)
        return local

    def save(self, data: Path) -> None:
        """Move the folder `data` to the path, replacing an earlier one."""
        if not Path(data).is_dir():
            raise DatasetError(f"Exports are a folder. Received: {data}.")
        place = str(self._get_save_path())
        if self._protocol == "file":
            _replace_folder(Path(data), Path(place))
        else:
            if self._fs.exists(place):
                self._fs.rm(place, recursive=True)
            self._fs.put(f"{data}/", place.rstrip("/") + "/", recursive=True)
            shutil.rmtree(data)

    def _exists(self) -> bool:
        try:
            return bool(self._fs.exists(str(self._get_load_path())))
        except DatasetError:
            return False

    def preview(self) -> JSONPreview:
        """List the files and their sizes in bytes."""
        place = str(self._get_load_path()).rstrip("/")
        sizes = self._fs.find(place, detail=True)
        return to_json({name[len(place) + 1 :]: x["size"] for name, x in sizes.items()})


def _replace_folder(made: Path, place: Path) -> None:
    """Replace a folder by renaming; `made` is moved first, maybe from another disk."""
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
