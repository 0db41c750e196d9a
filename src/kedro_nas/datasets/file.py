"""What datasets of one file have in common: fsspec, versions, whole writes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar

from kedro.io.core import (
    AbstractVersionedDataset,
    DatasetError,
    Version,
    get_filepath_str,
    get_protocol_and_path,
)

from kedro_nas.datasets.filesystem import open_filesystem
from kedro_nas.files import write_atomically

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class FileDataset(AbstractVersionedDataset[Saved, Loaded]):
    """One file on any fsspec filesystem, versioned if asked, never half written.

    Args:
        filepath: POSIX path, with a protocol such as `s3://` when remote.
        version: Kedro's version; `versioned: true` in the catalog sets it.
        credentials: Passed to the filesystem, from `credentials.yml`.
        fs_args: Further arguments of the filesystem; credentials win over them.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        protocol, path = get_protocol_and_path(filepath, version)
        if protocol == "file":
            fs_args = {"auto_mkdir": True, **(fs_args or {})}
        self._protocol = protocol
        self._fs = open_filesystem(protocol, credentials, fs_args)
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(path),
            version=version,
            exists_function=self._fs.exists,
            glob_function=self._fs.glob,
        )

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
        else:  # object stores replace an object at once
            self._fs.pipe_file(path, content)
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))

    def _describe(self) -> dict[str, Any]:
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
