"""A folder with a subfolder per class, local or remote."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.labels import SPLIT_NAMES
from kedro_nas.data.sources.base import (
    Listing,
    LocalFile,
    Raw,
    Source,
    is_system_file,
    shown,
)
from kedro_nas.data.sources.cells import content_key
from kedro_nas.data.sources.remote import LOCAL, Storage, cannot_read, not_fetched
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff"}
    | {".bmp", ".dib", ".gif", ".pgm", ".ppm", ".pbm", ".pnm", ".avif", ".jp2"}
    | {".tga", ".ico"}
)
_ALLOWED = "a folder with a subfolder per class"
_AT_ONCE = 64  # remote files fetched together


class FolderSource(Source):
    """Images under `<class>/...` or `<split>/<class>/...`, found by their suffix.

    Args:
        path: Local folder or fsspec URL.
        storage: Used if it is remote.
    """

    def __init__(self, path: str, storage: Storage = LOCAL) -> None:
        self.path = path.rstrip("/")
        self.storage = storage
        self._names: list[str] = []
        self._loops = 0

    @override
    def describe(self) -> str:
        return f"the folder {redacted(self.path)}"

    @override
    def listing(self) -> Listing:
        files = [file for file in self._files() if not is_system_file(file[0])]
        images = [file for file in files if _is_image(file[0])]
        by_split = self.has_labels and _has_splits([name for name, _ in images])
        depth = int(self.has_labels) + by_split
        chosen = [file for file in images if file[0].count("/") >= depth]
        loose, other = len(images) - len(chosen), len(files) - len(images)
        names = [name for name, _ in chosen]
        if not names:
            raise self._no_images(loose, other)
        notes = []
        if self._loops:
            notes.append(f"{self._loops} links to a folder above them were ignored.")
        if loose:
            notes.append(f"{loose} images outside a class folder were ignored.")
        if other:
            notes.append(f"{other} files without the suffix of an image were ignored.")
        self._names = names
        printable = [shown(name) for name in names]
        if not self.has_labels:
            return Listing(printable, [None] * len(names), None, None, "", notes)
        splits = [name.split("/", 1)[0] for name in printable] if by_split else None
        labels = [name.split("/", 2)[by_split] for name in printable]
        return Listing(printable, labels, splits, None, content_key(chosen), notes)

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        if "://" not in self.path:
            for row in rows.tolist():
                yield LocalFile(f"{self.path}/{self._names[row]}")
            return
        system, root = self._system()
        for start in range(0, len(rows), _AT_ONCE):
            paths = [f"{root}/{self._names[r]}" for r in rows[start : start + _AT_ONCE]]
            found = system.cat(paths, on_error="return")
            for path in paths:
                content = found.get(path)
                if isinstance(content, FileNotFoundError):
                    content = None
                elif isinstance(content, Exception):
                    content = not_fetched(content)
                yield content

    def _no_images(self, loose: int, other: int) -> DataError:
        if not self.has_labels:
            return DataError(
                f"{self.describe()} has no images",
                received=f"{other} other files",
                allowed=f"files with one of the suffixes {', '.join(sorted(SUFFIXES))}",
                remedy="Check the path",
            )
        return DataError(
            f"{self.describe()} has no images in subfolders",
            received=f"{loose} images outside a subfolder, {other} other files",
            allowed="<class>/<image>, or <split>/<class>/<image>",
            remedy="Put the images of each class into a folder of its name",
        )

    def _files(self) -> list[tuple[str, str]]:
        """Return sorted relative paths, each with a text that changes with the file."""
        if "://" in self.path:
            try:
                system, root = self._system()
                found = system.find(root, detail=True)
            except Exception as error:
                raise cannot_read(self.describe(), error, _ALLOWED) from error
            return sorted(
                (path[len(root) :].lstrip("/"), _remote_stat(info))
                for path, info in found.items()
            )
        folder = Path(self.path)
        if not folder.is_dir():
            raise DataError(
                f"cannot read {self.describe()}",
                received="a file" if folder.exists() else "no such folder",
                allowed=_ALLOWED,
                remedy="Check the path of the catalog entry 'images'",
            )
        self._loops = 0
        try:
            return sorted(self._walk(self.path, "", (_identity(self.path),)))
        except PermissionError as error:
            raise DataError(
                f"cannot read {self.describe()}",
                received=f"no permission to list {shown(str(error.filename))}",
                allowed="folders this user may read",
                remedy="Change their permissions, or run as a user who may read them",
            ) from error

    def _walk(
        self, folder: str, prefix: str, above: tuple[tuple[int, int], ...]
    ) -> Iterator[tuple[str, str]]:
        """Yield files and a text of size and time; ten times as fast as `rglob`.

        The text is empty where labels are not read.

        Args:
            folder: The folder to list.
            prefix: Its path relative to the root, ending with a slash.
            above: Identities of it and all folders above, to detect link cycles.
        """
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if _leads_nowhere(entry):
                    yield name, "dangling"
                elif entry.is_dir():
                    here = _identity(entry.path)
                    if here in above:
                        self._loops += 1
                        continue
                    yield from self._walk(entry.path, name + "/", (*above, here))
                elif entry.is_file():
                    # only labelled images have a key of their content
                    yield name, _local_stat(entry) if self.has_labels else ""
                elif entry.is_symlink():
                    yield name, "dangling"

    def _system(self) -> tuple[Any, str]:
        system, root = self.storage.file_system(self.path)
        return system, root.rstrip("/")


def _identity(folder: str) -> tuple[int, int]:
    """Return device and inode of a folder, independent of the path."""
    status = os.stat(folder)  # noqa: PTH116 - fast, per folder
    return status.st_dev, status.st_ino


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a link that leads back to itself."""
    try:
        entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return True
        raise
    return False


def _has_splits(images: list[str]) -> bool:
    """Return whether all top folders are splits with class folders inside."""
    inside = [name for name in images if "/" in name]
    tops = {name[: name.index("/")].lower() for name in inside}
    deep = all(name.count("/") > 1 for name in inside)
    return len(tops) > 1 and deep and tops <= set(SPLIT_NAMES)


def _is_image(name: str) -> bool:
    return name[name.rfind(".") :].lower() in SUFFIXES


def _local_stat(entry: os.DirEntry[str]) -> str:
    status = entry.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def _remote_stat(info: Mapping[str, object]) -> str:
    stamps = (
        info.get(key) for key in ("size", "ETag", "etag", "mtime", "LastModified")
    )
    return ":".join(str(stamp) for stamp in stamps if stamp is not None)
