"""The catalog entry that keeps prepared images: a directory, adopted without a copy."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import get_protocol_and_path

from kedro_nas.data.profile import contact_sheet_png
from kedro_nas.data.store import FILES, ImageStore
from kedro_nas.datasets.base import ImagePreview, open_filesystem

_POINTER = "current.json"  # names the folder of the store that is complete
_STORE_FOLDER = re.compile(r"[0-9a-f]{12,64}-[0-9a-f]{8}")


class ImageStoreDataset(AbstractVersionedDataset[ImageStore, ImageStore]):
    """``ImageStoreDataset`` saves and loads an `ImageStore`, a directory of files.

    Saving links the files of the store into place where the disk allows it, copies
    them elsewhere, and uploads them to a remote filesystem; a store that was there
    stays whole until the new one is. Loading opens the directory and reads pixels only
    where they are used; a remote store is downloaded once per fingerprint.

    Example usage for the YAML API:

    ```yaml
    nas.dataset:
      type: kedro_nas.datasets.ImageStoreDataset
      path: data/05_model_input/nas/dataset
    ```

    Example usage for the Python API:

    >>> import numpy as np
    >>> from kedro_nas.data.prepare import prepare_images
    >>> from kedro_nas.datasets.image_store import ImageStoreDataset
    >>> from kedro_nas.parameters.data_preparation import DataPreparationOptions
    >>> tmp_path = getfixture("tmp_path")
    >>> pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    >>> store, _ = prepare_images((pixels, np.arange(40) % 2), DataPreparationOptions(),
    ...                           seed=0, workspace=tmp_path / "workspace")
    >>> dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    >>> dataset.save(store)
    >>> dataset.load().image_shape
    (8, 8, 1)
    """

    def __init__(
        self,
        *,
        path: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the directory.

        Args:
            path: Local path or fsspec URL of the directory.
            version: Given by Kedro when the entry is versioned.
            credentials: Given to fsspec.
            fs_args: Given to fsspec, too; credentials win over them.
            metadata: Kept for other tools; Kedro-Viz reads it.
        """
        protocol, plain = get_protocol_and_path(path, version)
        self._protocol = protocol
        self._fs = open_filesystem(protocol, credentials, fs_args)
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(plain),
            version=version,
            exists_function=self._fs.exists,
            glob_function=self._fs.glob,
        )

    def save(self, data: ImageStore) -> None:
        """Adopt the files of a store."""
        target = str(self._get_save_path())
        if self._protocol == "file":
            _adopt(data.path, Path(target))
            return
        self._upload(data, target)

    def _upload(self, store: ImageStore, target: str) -> None:
        """Upload a store under its fingerprint, then switch to it at once.

        A kill at any moment leaves the store that was there: readers follow
        `current.json`, which is replaced as one object when all files are in place.
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
        """Remove earlier stores; whatever else lies in the folder is not ours."""
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
        """Return the name of the folder of the current store, None without one."""
        self._fs.invalidate_cache(target)
        try:
            pointer = json.loads(self._fs.cat_file(f"{target}/{_POINTER}"))
        except FileNotFoundError:
            return None
        return str(pointer["folder"])

    def _current(self, source: str) -> str:
        """Return the folder of the store a remote entry points at."""
        name = self._pointed_at(source)
        # a store uploaded before there was a pointer lies in the folder itself
        return source if name is None else f"{source}/{name}"

    def load(self) -> ImageStore:
        """Open the store."""
        source = str(self._get_load_path())
        if self._protocol == "file":
            return ImageStore.open(source)
        return ImageStore.open(self._downloaded(self._current(source)))

    def preview(self) -> ImagePreview:
        """Show examples of each class in Kedro-Viz."""
        return ImagePreview(contact_sheet_png(self.load()))

    def _downloaded(self, source: str) -> Path:
        # the description has the fingerprint; the folder's name that of the index, too
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

    def _describe(self) -> dict[str, Any]:
        return {
            "path": str(self._filepath),
            "protocol": self._protocol,
            "version": self._version,
        }

    def _exists(self) -> bool:
        try:
            path = str(self._get_load_path())
        except DatasetError:
            return False
        if self._protocol != "file":
            path = self._current(path)
        return bool(self._fs.exists(f"{path}/store.json"))


def _folder_of(store: ImageStore) -> str:
    """Name a store by its fingerprint and by its index, which has paths besides."""
    index = (store.path / "index.parquet").read_bytes()
    return f"{store.fingerprint}-{hashlib.sha256(index).hexdigest()[:8]}"


def _adopt(source: Path, target: Path) -> None:
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
    except OSError:  # another disk, or a filesystem without links
        shutil.copyfile(source, target)
