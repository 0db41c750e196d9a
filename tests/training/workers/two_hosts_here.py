"""Two hosts on this machine, for tests: network namespaces joined by a virtual cable.

Each has an address and a loopback of its own, and the second does not see the temporary
files of the first; what it needs of the driver has to travel through the cable. Needs
Linux and the rights of root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.training.workers.ray_cluster_here import WHY_NOT

# unlike those of another session of tests
HEAD, NODE = f"nas-head-{os.getpid()}", f"nas-node-{os.getpid()}"
HEAD_ADDRESS, NODE_ADDRESS = "10.77.18.1", "10.77.18.2"
RAY_PORT = 6379
# the ports that docs/how-to/cluster.md gives
PORTS = ("--node-manager-port=6380", "--object-manager-port=6381")
START_S = 120.0  # a busy machine starts Ray slowly
_ENVIRONMENT = {**os.environ, "RAY_worker_niceness": "0"}
# what the second host does not see of the first; Ray's folder is in the system's
_HIDE = (
    "mount -t tmpfs none {hidden} && mkdir -p {ray} && "
    'mount -t tmpfs none {ray} && exec "$@"'
)


class TwoHosts:
    """A Ray head in one namespace and a Ray node in another, of one CPU each.

    Args:
        hidden: Folder of the first host that the second does not see.
    """

    address = f"{HEAD_ADDRESS}:{RAY_PORT}"

    def __init__(self, hidden: Path) -> None:
        self._started: list[subprocess.Popen[bytes]] = []
        self._log = (hidden / "ray.log").open("wb")
        ray = Path(tempfile.gettempdir()) / "ray"
        hide = _HIDE.format(hidden=hidden, ray=ray)
        options = ["--head", f"--port={RAY_PORT}", f"--node-ip-address={HEAD_ADDRESS}"]
        self._start_ray(HEAD, [], [*options, "--include-dashboard=false"])
        _wait_for(lambda: _answers(HEAD, HEAD_ADDRESS, RAY_PORT), "a Ray head")
        self._start_ray(
            NODE,
            ["unshare", "--mount", "sh", "-c", hide, "node"],
            [f"--address={self.address}", f"--node-ip-address={NODE_ADDRESS}"],
        )
        _wait_for(lambda: len(self.processes(NODE, "ray")) > 2, "a Ray node")

    def _start_ray(
        self, host: str, within: Sequence[str], options: Sequence[str]
    ) -> None:
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
        sizes = ["--num-cpus=1", "--object-store-memory=80000000"]
        self._started.append(
            self.run(host, [*within, *ray, *sizes, *PORTS, *options], stdout=self._log,
                     stderr=subprocess.STDOUT)
        )  # fmt: skip

    def run(
        self, host: str, command: Sequence[str], **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program on one of the hosts."""
        whole = ["ip", "netns", "exec", host, *command]
        return subprocess.Popen(whole, env=_ENVIRONMENT, **options)

    def processes(self, host: str, text: str = "") -> list[int]:
        """Return the ids of a host's processes whose command line has a text."""
        listed = _ip("netns", "pids", host).split()
        return [int(one) for one in listed if text in _command_line(int(one))]

    def kill(self, host: str, text: str = "") -> int:
        """Kill a host's processes with SIGKILL, or those with a text; count them."""
        found = self.processes(host, text)
        for one in found:
            _kill(one)
        return len(found)

    def close(self) -> None:
        """End all processes of both."""
        for host in (NODE, HEAD):
            while self.kill(host):
                time.sleep(0.05)
        for one in self._started:
            one.wait()
        self._log.close()


@contextmanager
def two_hosts(hidden: Path) -> Iterator[TwoHosts]:
    """Make two hosts for the length of a block, or skip the test.

    Args:
        hidden: Folder of the first host that the second does not see.
    """
    pytest.importorskip("ray", reason=WHY_NOT)
    if sys.platform != "linux" or os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need Linux, root and iproute2")
    try:
        _join()
    except subprocess.CalledProcessError as error:
        _remove()
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    try:
        hosts = TwoHosts(hidden)
        try:
            yield hosts
        finally:
            hosts.close()
    finally:
        _remove()


def _join() -> None:
    """Make the namespaces and the cable between them."""
    for host in (HEAD, NODE):
        _ip("netns", "add", host)
    ends = ("nas0", "netns", HEAD, "type", "veth", "peer", "nas1", "netns", NODE)
    _ip("link", "add", *ends)
    for host, cable, address in (
        (HEAD, "nas0", HEAD_ADDRESS),
        (NODE, "nas1", NODE_ADDRESS),
    ):
        _ip("-n", host, "address", "add", f"{address}/24", "dev", cable)
        for link in (cable, "lo"):
            _ip("-n", host, "link", "set", link, "up")


def _remove() -> None:
    for host in (HEAD, NODE):
        subprocess.run(["ip", "netns", "del", host], check=False, capture_output=True)


def _ip(*arguments: str) -> str:
    command = ["ip", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _answers(host: str, address: str, port: int) -> bool:
    program = f"import socket; socket.create_connection(({address!r}, {port}), 2)"
    command = ["ip", "netns", "exec", host, sys.executable, "-c", program]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _wait_for(condition: Any, what: str) -> None:
    until = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not start within {START_S:.0f} s")
        time.sleep(0.2)


def _command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
