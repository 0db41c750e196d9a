"""`ImageStoreDataset`: a folder of prepared images, linked instead of copied."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from kedro.io import DatasetError

from kedro_nas.data.image_profile import contact_sheet_png
from kedro_nas.data.store import FILES, ImageStore
from kedro_nas.datasets.base import FolderDataset, ImagePreview

_POINTER = "current.json"  # contains the name of the folder of the current store
_STORE_FOLDER = re.compile(r"[0-9a-f]{12,64}-[0-9a-f]{8}")


class ImageStoreDataset(FolderDataset[ImageStore, ImageStore]):
    """A folder with the files of an `ImageStore`.

    Saving creates hard links to the files if the disk supports them, and copies
    otherwise; on a remote file system it uploads them. An earlier store is replaced
    only once the new one is complete. Loading opens the folder and reads pixels when
    they are used; a remote store is downloaded once per fingerprint.

    YAML API:

    ```yaml
    nas.dataset:
      type: kedro_nas.datasets.ImageStoreDataset
      path: data/05_model_input/nas/dataset
    ```

    Python API:

    >>> import numpy as np
    >>> from kedro_nas.data.prepare import prepare_images
    >>> from kedro_nas.datasets.image_store_dataset import ImageStoreDataset
    >>> from kedro_nas.parameters.data_preparation import DataPreparationOptions
    >>> tmp_path = getfixture("tmp_path")
    >>> pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    >>> store, _ = prepare_images((pixels, np.arange(40) % 2), DataPreparationOptions(),
    ...                           seed=0, workspace=tmp_path / "workspace")
    >>> dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    >>> dataset.save(store)
    >>> dataset.load().image_shape
    (8, 8, 1)

    Args: those of `FolderDataset`.
    """

    def save(self, data: ImageStore) -> None:
        """Link, copy or upload the files of a store."""
        target = str(self._get_save_path())
        if self._protocol == "file":
            _replace(data.path, Path(target))
            return
        self._upload(data, target)

    def _upload(self, store: ImageStore, target: str) -> None:
        """Upload a store to a new folder, then make it the current one.

        If the process is killed, the earlier store stays current: readers follow
        `current.json`, which is replaced once all files are uploaded.
        """
        name = _folder_of(store)
        folder = f"{target}/{name}"
        before = self._pointed_at(target)
        if before == name and self._is_complete(store, folder):
            return
        self._fs.makedirs(folder, exist_ok=True)
        for file in FILES:
            self._fs.put_file(str(store.path / file), f"{folder}/{file}")
        pointer = json.dumps({"folder": name})
        self._fs.pipe_file(f"{target}/{_POINTER}", pointer.encode())
        self._fs.invalidate_cache(target)
        self._remove_others(target, name)

    def _remove_others(self, target: str, name: str) -> None:
        """Remove earlier stores and no other files of the folder."""
        for path in self._fs.ls(target, detail=False):
            place = str(path).rstrip("/")
            last = place.rsplit("/", 1)[-1]
            if last in FILES:
                self._fs.rm(place)
            elif last != name and _STORE_FOLDER.fullmatch(last):
                self._fs.rm(place, recursive=True)

    def _is_complete(self, store: ImageStore, folder: str) -> bool:
        try:
            sizes = [self._fs.info(f"{folder}/{file}")["size"] for file in FILES]
        except FileNotFoundError:
            return False
        return sizes == [(store.path / file).stat().st_size for file in FILES]

    def _pointed_at(self, target: str) -> str | None:
        """Return the name of the folder of the current store, None if there is none."""
        self._fs.invalidate_cache(target)
        try:
            pointer = json.loads(self._fs.cat_file(f"{target}/{_POINTER}"))
        except FileNotFoundError:
            return None
        return str(pointer["folder"])

    def _current(self, source: str) -> str:
        """Return the folder of the current store of a remote entry."""
        name = self._pointed_at(source)
        # stores of earlier versions are in the folder itself, without a pointer
        return source if name is None else f"{source}/{name}"

    def load(self) -> ImageStore:
        """Open the store."""
        source = str(self._get_load_path())
        if self._protocol == "file":
            return ImageStore.open(source)
        return ImageStore.open(self._downloaded(self._current(source)))

    def preview(self) -> ImagePreview:
        """Show examples of each class in kedro-viz."""
        return ImagePreview(contact_sheet_png(self.load()))

    def _downloaded(self, source: str) -> Path:
        # the description has the fingerprint; the folder name also a hash of the index
        description = self._fs.cat_file(f"{source}/store.json")
        name = source.rsplit("/", 1)[-1].encode()
        stamp = hashlib.sha256(description + name).hexdigest()[:32]
        folder = Path(tempfile.gettempdir(), "kedro_nas", stamp)
        for file in FILES:
            if not (folder / file).exists():
                folder.mkdir(parents=True, exist_ok=True)
                beside = folder / f".{file}.{os.getpid()}"
                self._fs.get_file(f"{source}/{file}", str(beside))
                beside.replace(folder / file)
        return folder

    def _exists(self) -> bool:
        try:
            path = str(self._get_load_path())
        except DatasetError:
            return False
        if self._protocol != "file":
            path = self._current(path)
        return bool(self._fs.exists(f"{path}/store.json"))


def _folder_of(store: ImageStore) -> str:
    """Name a store by its fingerprint and a hash of its index, which has paths."""
    index = (store.path / "index.parquet").read_bytes()
    return f"{store.fingerprint}-{hashlib.sha256(index).hexdigest()[:8]}"


def _replace(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    replaced = target.with_name(f".{target.name}.{os.getpid()}.old")
    for leftover in (beside, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        for name in FILES:
            _link_or_copy(source / name, beside / name)
        if target.exists():
            target.rename(replaced)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, target)
