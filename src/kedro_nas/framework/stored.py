"""A dataset of the catalog as files: where, since when, and how to remove them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec
from kedro.io.core import DatasetError, get_protocol_and_path

from kedro_nas.errors import DataError


@dataclass(frozen=True)
class StoredDataset:
    """Files behind a dataset.

    Attributes:
        path: On its file system, of all versions.
        protocol: `file` on this machine, else such as `s3`.
        filesystem: fsspec's.
        dataset: Kedro's dataset.
    """

    path: str
    protocol: str
    filesystem: Any
    dataset: Any

    @classmethod
    def of(cls, dataset: Any) -> StoredDataset | None:
        """Return the files behind a Kedro dataset; None for one that keeps none."""
        described = dataset._describe()  # noqa: SLF001 - the only way
        path = described.get("filepath") or described.get("path")
        if path is None:
            return None
        protocol, plain = described.get("protocol"), str(path)
        if "://" in plain:  # else a local folder `s3:` would be taken for it
            protocol, plain = get_protocol_and_path(plain)
        protocol = str(protocol or getattr(dataset, "_protocol", None) or "file")
        own = getattr(dataset, "_fs", None) or getattr(dataset, "_filesystem", None)
        return cls(plain, protocol, own or fsspec.filesystem(protocol), dataset)

    @property
    def address(self) -> str:
        """The path, with its protocol when it is remote."""
        return (
            self.path if self.protocol == "file" else f"{self.protocol}://{self.path}"
        )

    def exists(self) -> bool:
        """Return whether a run has written it."""
        return bool(self.filesystem.exists(self.path))

    def written_at(self) -> float | None:
        """Return when its newest version was written, seconds since the epoch.

        None where it does not exist, or where the file system does not tell.
        """
        try:
            found = self.filesystem.modified(self._newest())
        except (DatasetError, OSError, RuntimeError, KeyError):
            return None
        return float(found.timestamp())

    def _newest(self) -> str:
        load_path = getattr(self.dataset, "_get_load_path", None)
        return self.path if load_path is None else str(load_path())

    def removable(self, *, all_versions: bool) -> str | None:
        """Return what of it is to be removed; None when there is nothing.

        Args:
            all_versions: Whether all versions go, or the one that is loaded now.

        Raises:
            DataError: It is a whole bucket or disk.
        """
        if len(PurePosixPath(self.path).parts) < 2:
            raise DataError(
                "a whole bucket or disk is not removed",
                received=self.address,
                allowed="a dataset in a folder of its own",
                remedy="Give the dataset such a path in the catalog, or remove it "
                "with your storage's own tools",
            )
        version = getattr(self.dataset, "_version", None)
        if version is None or all_versions:
            return self.path if self.exists() else None
        try:
            newest = self._newest()
        except DatasetError:
            return None
        # <path>/<version>/<name>: the folder of the version goes
        return newest.rsplit("/", 1)[0] if self.filesystem.exists(newest) else None

    def size(self, path: str) -> int:
        """Return the bytes below a path."""
        return int(self.filesystem.du(path))

    def remove(self, path: str) -> None:
        """Remove a path and all that is below."""
        self.filesystem.rm(path, recursive=True)
