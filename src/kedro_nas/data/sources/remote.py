"""Remote files, read with credentials that are sent only where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kedro_nas.data.sources.base import Unusable
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

# Protocols whose addresses start with a host. For others they start with a bucket, and
# the protocol alone determines which credentials are needed.
_OF_HOSTS = frozenset(
    ("ftp", "hdfs", "http", "https", "sftp", "smb", "ssh", "webdav", "webhdfs")
)


@dataclass(frozen=True)
class Storage:
    """How the files of a source are reached: by a file system of fsspec.

    Attributes:
        options: Arguments of the file system, credentials among them, which therefore
            no message shows.
    """

    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def file_system(self, address: str) -> tuple[Any, str]:
        """Return the file system of an address, and the path on it."""
        import fsspec

        system, path = fsspec.core.url_to_fs(address, **self.options)
        return system, str(path)

    def open(self, address: str) -> Any:
        """Return a binary file object of fsspec, to be opened or used in a `with`."""
        import fsspec

        return fsspec.open(address, "rb", **self.options)

    def limited_to(self, homes: Sequence[str], address: str) -> Storage:
        """Return the storage that may be used for an address.

        A table may contain addresses of any host. Options and credentials are used only
        for the hosts and protocols that the user has configured.

        Args:
            homes: Paths for which the options were given. If all are local, the options
                can only be meant for the addresses in the table.
            address: URL of one image.
        """
        remote = [home for home in homes if "://" in home]
        if not remote or _place(address) in map(_place, remote):
            return self
        return Storage()

    def fetch(self, address: str) -> bytes | Unusable | None:
        """Return the content of a file, None if missing, or why it is unusable."""
        try:
            with self.open(address) as file:
                content: bytes = file.read()
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - each file system raises its own
            return not_fetched(error)
        return content

    def key(self, address: str) -> str:
        """Return a text that changes with a remote file: its size, time or tag."""
        try:
            system, path = self.file_system(address)
            known = sorted((str(k), str(v)) for k, v in system.info(path).items())
        except OSError:
            return f"{address}:missing"
        return repr(known)


LOCAL = Storage()
"""Without options: files of this machine, and remote ones that are open to all."""


def not_fetched(error: Exception) -> Unusable:
    """Return the reason why an image that cannot be fetched is set aside."""
    return Unusable(f"cannot be fetched ({type(error).__name__}: {first_line(error)})")


def cannot_read(what: str, error: Exception, allowed: str) -> DataError:
    """Return the error for a source that cannot be opened.

    Args:
        what: The source, as described by `Source.describe`.
        error: Raised by the file system or the reader.
        allowed: What would have been accepted.
    """
    if isinstance(error, ImportError):
        remedy = "Install the package that its protocol needs"
    elif isinstance(error, PermissionError):
        remedy = "Check the credentials of the catalog entry 'images'"
    else:
        remedy = "Check the path of the catalog entry 'images'"
    missing = isinstance(error, FileNotFoundError)
    return DataError(
        f"cannot read {what}",
        received="no such file" if missing else first_line(error),
        allowed=allowed,
        remedy=remedy,
    )


def first_line(error: Exception) -> str:
    """Return the first line of an error's text without secrets, or its type's name."""
    lines = str(error).strip().splitlines()
    return redacted(lines[0]) if lines else type(error).__name__


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    host = parts.netloc.rsplit("@", 1)[-1] if parts.scheme in _OF_HOSTS else ""
    return parts.scheme, host
