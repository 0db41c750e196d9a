"""Common parts of our datasets: previews, and datasets of one file or one folder."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import IO, Any, NewType, TypeVar

from kedro.io.core import (
    AbstractVersionedDataset,
    DatasetError,
    Version,
    get_filepath_str,
    get_protocol_and_path,
)

from kedro_nas.datasets.file_location import FileLocation, KedroConfig
from kedro_nas.files import finite, write_atomically

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")
# what a dataset says of itself in messages and in `kedro catalog describe-datasets`
Described = str | bool | PurePosixPath | Version | None

# kedro-viz chooses a dataset's panel by the name of the annotation of its preview;
# kedro-datasets has the same types in a private module
HTMLPreview = NewType("HTMLPreview", str)
ImagePreview = NewType("ImagePreview", str)
JSONPreview = NewType("JSONPreview", str)
TablePreview = NewType("TablePreview", dict[str, Any])


def to_json(value: Any) -> JSONPreview:
    """Convert a value to JSON for kedro-viz; NaN becomes null."""
    return JSONPreview(json.dumps(finite(value)))


class _FilesystemDataset(AbstractVersionedDataset[Saved, Loaded]):
    """A dataset on any fsspec file system, versioned as Kedro does it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        is_inherited = "__init__" not in vars(cls)
        super().__init_subclass__(**kwargs)
        # Kedro wraps a constructor to note its arguments for `DataCatalog.to_config`;
        # around one that is wrapped already it would note `args` and `kwargs`
        if is_inherited:
            del cls.__init__

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
        metadata: KedroConfig | None = None,
    ) -> None:
        get_protocol_and_path(filepath, version)  # some file systems have no versions
        location = FileLocation.parse(
            filepath, credentials=credentials, fs_args=fs_args
        )
        self._protocol = location.protocol
        self._fs = location.open()
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(location.path),
            version=version,
            exists_function=self._fs.exists,
            glob_function=self._fs.glob,
        )


class FolderDataset(_FilesystemDataset[Saved, Loaded]):
    """A dataset of one folder on any fsspec file system.

    Args:
        path: The folder, with a protocol such as `s3://` when remote.
        version: Kedro's version; `versioned: true` in the catalog sets it.
        credentials: Passed to the file system, from `credentials.yml`.
        fs_args: Further arguments of the file system; credentials override them.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def __init__(
        self,
        *,
        path: str,
        version: Version | None = None,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
        metadata: KedroConfig | None = None,
    ) -> None:
        super().__init__(
            filepath=path,
            version=version,
            credentials=credentials,
            fs_args=fs_args,
            metadata=metadata,
        )

    def _describe(self) -> dict[str, Described]:
        return {
            "path": str(self._filepath),
            "protocol": self._protocol,
            "version": self._version,
        }


class FileDataset(_FilesystemDataset[Saved, Loaded]):
    """A dataset of one file on any fsspec file system; writes are atomic.

    Args:
        filepath: POSIX path, with a protocol such as `s3://` when remote.
        version: Kedro's version; `versioned: true` in the catalog sets it.
        credentials: Passed to the file system, from `credentials.yml`.
        fs_args: Further arguments of the file system; credentials override them.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def _read_bytes(self) -> bytes:
        path = get_filepath_str(self._get_load_path(), self._protocol)
        content: bytes = self._fs.cat_file(path)
        return content

    def _write_bytes(self, content: bytes) -> None:
        path = get_filepath_str(self._get_save_path(), self._protocol)
        if self._protocol == "file":

            def write(file: IO[bytes]) -> None:
                file.write(content)

            write_atomically(Path(path), write)
        else:  # object stores replace an object atomically
            self._fs.pipe_file(path, content)
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))

    def _describe(self) -> dict[str, Described]:
        return {
            "filepath": self._filepath,
            "protocol": self._protocol,
            "version": self._version,
        }

    def _exists(self) -> bool:
        try:
            path = get_filepath_str(self._get_load_path(), self._protocol)
        except DatasetError:
            return False
        return bool(self._fs.exists(path))

    def _release(self) -> None:
        super()._release()
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))
