"""Remote files, read with credentials that are sent only where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from kedro_nas.data.sources.base import (
    StorageOptions,
    Unusable,
)
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

# Protocols whose addresses start with a host. For others they start with a bucket, and
# the protocol alone determines which credentials are needed.
_OF_HOSTS = frozenset(
    ("ftp", "hdfs", "http", "https", "sftp", "smb", "ssh", "webdav", "webhdfs")
)


def options_for(
    address: str, homes: Sequence[str], options: StorageOptions
) -> StorageOptions:
    """Return the file-system options that may be used for an address.

    A table may contain addresses of any host. Options and credentials are used only for
    the hosts and protocols that the user has configured.

    Args:
        address: URL of one image.
        homes: Paths for which the options were given. If all are local, the options
            can only be meant for the addresses in the table.
        options: Options and credentials of the catalog entry.
    """
    remote = [home for home in homes if "://" in home]
    if not remote or _place(address) in map(_place, remote):
        return options
    return {}


def fetch(address: str, options: StorageOptions) -> bytes | Unusable | None:
    """Return the content of a remote file, None if missing, or why it is unusable."""
    import fsspec

    try:
        with fsspec.open(address, "rb", **options) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - each file system raises its own
        return not_fetched(error)
    return content


def not_fetched(error: Exception) -> Unusable:
    """Return the reason why an image that cannot be fetched is set aside."""
    return Unusable(f"cannot be fetched ({type(error).__name__}: {first_line(error)})")


def remote_key(path: str, options: StorageOptions) -> str:
    """Return a text that changes with a remote file: its size, time or tag."""
    import fsspec

    try:
        system, plain = fsspec.core.url_to_fs(path, **options)
        known = sorted((str(k), str(v)) for k, v in system.info(plain).items())
    except OSError:
        return f"{path}:missing"
    return repr(known)


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
