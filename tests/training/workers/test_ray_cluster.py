"""A cluster that cannot be used is named at once, with what to do."""

from __future__ import annotations

import builtins
import os
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.training.workers import ray_cluster
from kedro_nas.training.workers.ray_cluster import connect


class _FakeRay:
    """A module of that name that connects to nothing."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []
        self.open = False

    def is_initialized(self) -> bool:
        return self.open

    def init(self, **given: Any) -> None:
        self.given.append(given)
        self.open = True

    def shutdown(self) -> None:
        self.open = False


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> _FakeRay:
    """Let `import ray` give the fake."""
    made = _FakeRay()
    monkeypatch.setitem(sys.modules, "ray", made)  # type: ignore[arg-type]
    return made


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a connection sets."""
    for name in ray_cluster._PATIENCE:
        monkeypatch.setenv(name, "1")  # so that it is restored
        monkeypatch.delenv(name)


def test_connect_without_ray_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra is named, and so is the pool that needs nothing."""
    found = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "ray":
            raise ImportError("No module named 'ray'")
        return found(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ParameterError, match=r"pip install 'kedro-nas\[ray\]'"):
        connect("auto")


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_connect_to_a_port_without_a_listener_fails_at_once(
    ray: _FakeRay, scheme: str
) -> None:
    """Ray itself would try for a minute."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(ParameterError, match="cannot be reached") as caught:
            connect(address)

    assert address in str(caught.value)
    assert time.monotonic() - began < 10
    assert not ray.given


def test_connect_to_an_address_that_never_answers_is_given_up(
    ray: _FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is switched off answers nothing, not even a refusal."""
    limits: list[float] = []

    def silent(_: Any, timeout: float) -> None:
        limits.append(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", silent)

    with pytest.raises(ParameterError, match="timed out within 5 s"):
        connect("192.0.2.77:6379")
    assert limits
    assert limits[0] < 10


def test_connect_auto_without_a_cluster_says_how_to_start_one(
    ray: _FakeRay, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """`ray start` leaves the address of its cluster in a file, which is missing."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))

    with pytest.raises(ParameterError, match="ray start --head"):
        connect("auto")


@pytest.mark.parametrize("own", [None, "9"])
def test_connect_asks_what_is_no_ray_head_for_seconds_only(
    ray: _FakeRay, monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    """Ray is told before it is imported; what the user has set is kept."""
    if own is not None:
        monkeypatch.setenv("RAY_NUM_REDIS_GET_RETRIES", own)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connect(f"127.0.0.1:{listener.getsockname()[1]}")

    assert os.environ["RAY_NUM_REDIS_GET_RETRIES"] == (own or "4")
    assert int(os.environ["RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S"]) * 3 < 10


def test_connect_to_a_word_is_refused(ray: _FakeRay) -> None:
    """An address has a port."""
    with pytest.raises(ParameterError, match=r"'nas.job.ray_address' is not valid"):
        connect("my-cluster")


def test_connect_uses_and_keeps_a_connection_of_the_process(ray: _FakeRay) -> None:
    """A job of `ray job submit` is connected already; only ours are closed."""
    own = connect(None)
    again = connect("10.0.0.1:6379")
    again.disconnect()
    open_after_again = ray.open
    own.disconnect()

    assert ray.given[0]["address"] == "local"
    assert len(ray.given) == 1
    assert (open_after_again, ray.open) == (True, False)


def test_connect_that_ray_refuses_names_the_versions(
    ray: _FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of Python or Ray is the usual cause."""

    def refuse(**_: Any) -> None:
        raise RuntimeError("Version mismatch: Python 3.10 and 3.11\nmore")

    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setattr(
        socket, "create_connection", lambda *_, **__: SimpleNamespace(close=bool)
    )

    with pytest.raises(
        ParameterError, match=r"Version mismatch: Python 3.10"
    ) as caught:
        connect("10.0.0.1:6379")
    assert "same versions of Python and Ray" in str(caught.value)
    assert ray_cluster.CONNECT_S < 10
