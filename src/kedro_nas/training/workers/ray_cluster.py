"""Connects to a Ray cluster, or says at once why that is not possible."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro_nas.errors import ParameterError

CONNECT_S = 5.0  # for a port to answer; Ray itself would try for a minute
# What answers may be no Ray head but a proxy: Ray asked one for 24 s, with `ray://` for
# 34 s. With these it takes 7 and 9 s, its import included. Ray reads them when it is
# imported; a user's own values are kept.
_PATIENCE = {
    "RAY_NUM_REDIS_GET_RETRIES": "4",  # a second each
    "RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S": "2",  # three times
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "2",
}
_ALLOWED = (
    "auto (a cluster this machine belongs to), null (Ray on this machine alone), "
    "host:port, or ray://host:port"
)


@dataclass(frozen=True)
class Cluster:
    """A connection to a cluster.

    Attributes:
        ray: The module.
        is_own: Whether this connection was made here and is closed here.
    """

    ray: Any
    is_own: bool

    def disconnect(self) -> None:
        """Close the connection, if it was made here; may be called twice."""
        if self.is_own and self.ray.is_initialized():
            self.ray.shutdown()


def connect(address: str | None) -> Cluster:
    """Connect to a cluster, or start Ray on this machine.

    A process that is connected already, such as a job of `ray job submit` that called
    `ray.init`, goes on with that connection.

    Args:
        address: `nas.job.ray_address`.

    Raises:
        ParameterError: Ray is not installed, or nothing answers at the address within
            `CONNECT_S` seconds.
    """
    if address is not None:
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
    ray = import_ray()
    if ray.is_initialized():
        return Cluster(ray, is_own=False)
    if address is not None:
        address = _check_reachable(address)
    try:
        if address is None:
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
            )
        else:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ParameterError(
            "cannot connect to the Ray cluster",
            received=f"{address}: {_first_line(error)}",
            allowed=_ALLOWED,
            remedy="Use the same versions of Python and Ray on all machines; see "
            "docs/how-to/cluster.md",
        ) from error
    return Cluster(ray, is_own=True)


def import_ray() -> Any:
    """Import Ray.

    Raises:
        ParameterError: It is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise ParameterError(
            "the worker pool 'ray' needs the package ray",
            received=f"an environment without it ({error})",
            allowed="Ray 2.40 or later, the same version on every machine",
            remedy="Install it with: pip install 'kedro-nas[ray]', or set "
            "nas.job.pool: local",
        ) from error
    return ray


def _check_reachable(address: str) -> str:
    """Return the address with `auto` resolved, if something listens there."""
    found = _running_cluster() if address == "auto" else address
    if found is None:
        raise ParameterError(
            "there is no Ray cluster on this machine",
            received="nas.job.ray_address: auto, without RAY_ADDRESS",
            allowed=_ALLOWED,
            remedy="Start one with: ray start --head, or join one with: "
            "ray start --address=HOST:6379",
        )
    host, _, port = found.rpartition("://")[2].rpartition(":")
    host = host.strip("[]")  # of an IPv6 address
    if not host or not port.isdigit():
        raise ParameterError(
            "the parameter 'nas.job.ray_address' is not valid",
            received=found,
            allowed=_ALLOWED,
            remedy="Write for example `ray_address: 192.168.1.20:6379`",
        )
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except OSError as error:
        raise ParameterError(
            f"the Ray cluster at {found} cannot be reached",
            received=f"{error.strerror or error} within {CONNECT_S:.0f} s",
            allowed="an address at which a Ray head answers",
            remedy="Check that it runs (ray status), the port, and that no firewall "
            "stands between; see docs/how-to/cluster.md",
        ) from error
    return found


def _running_cluster() -> str | None:
    """Return the address of the cluster that `ray start` noted on this machine."""
    given = os.environ.get("RAY_ADDRESS")
    if given and given != "auto":
        return given
    base = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    with contextlib.suppress(OSError):
        noted = Path(base) / "ray" / "ray_current_cluster"
        return noted.read_text().strip() or None
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
