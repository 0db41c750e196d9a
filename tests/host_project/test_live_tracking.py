"""A search that MLflow's own server shows while it runs, and after a kill."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.host_project.conftest import Host, draw_images

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, several per call
]

PATIENCE_S = 240.0
OPTIONS = """
nas:
  data_preparation: {near_duplicates: false}
  search_space: {preset: tiny}
  budget_s: null
  job: {workers: 1}
  search: {max_trials: 6, max_epochs: 4, min_steps: 1, finalists: 1}
"""
SEARCH = ("run", "--pipelines", "nas", "--to-outputs", "nas.finalists")


class Server:
    """MLflow's server, and a client of it.

    Attributes:
        uri: Its address.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = free.getsockname()
        host, port = self._address
        self.uri = f"http://{host}:{port}"
        options = {
            "--backend-store-uri": f"sqlite:///{folder}/mlflow.db",
            "--default-artifact-root": str(folder / "artifacts"),
            "--host": "127.0.0.1",
            "--port": str(port),
            "--workers": "1",
        }
        command = [sys.executable, "-m", "mlflow", "server"]
        command += [word for pair in options.items() for word in pair]
        with (folder / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # a dozen processes that this test has no use for
                env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            )
        mlflow: Any = importlib.import_module("mlflow")
        self._client = mlflow.MlflowClient(tracking_uri=self.uri)

    def wait_until_it_listens(self) -> None:
        """Wait for its start; MLflow's client would pause for minutes by itself."""

        def listens() -> bool:
            try:
                socket.create_connection(self._address, timeout=1).close()
            except OSError:
                return False
            return True

        self._until(listens)

    def runs(self) -> list[Any]:
        """Return all runs."""
        ids = [one.experiment_id for one in self._client.search_experiments()]
        return list(self._client.search_runs(ids, max_results=1000))

    def trials(self) -> list[Any]:
        """Return the nested runs of trials."""
        return [one for one in self.runs() if "kedro_nas.trial" in one.data.tags]

    def wait_for_trials(self, number: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until so many trials are shown while the search runs."""
        self._until(lambda: len(self.trials()) >= number, process)
        assert process.poll() is None

    def _until(
        self,
        is_there: Callable[[], bool],
        process: subprocess.Popen[bytes] | None = None,
    ) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_there():
            assert time.monotonic() < until
            assert process is None or process.poll() is None
            time.sleep(0.2)

    def close(self) -> None:
        """End it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Start MLflow's server."""
    pytest.importorskip("kedro_mlflow")
    started = Server(tmp_path)
    try:
        started.wait_until_it_listens()
        yield started
    finally:
        started.close()


def test_mlflow_shows_trials_of_a_running_search_and_none_twice_after_a_kill(
    searching_host: Host, server: Server
) -> None:
    """Nested runs appear while it runs; the killed run is marked and gone on from."""
    host = searching_host
    draw_images(host.root / "data" / "01_raw" / "images")
    host.write("conf/local/parameters_nas.yml", OPTIONS)
    settings = f"server: {{mlflow_tracking_uri: '{server.uri}'}}\n"
    host.write("conf/local/mlflow.yml", settings)
    command = [sys.executable, "-m", "kedro", *SEARCH]
    first = subprocess.Popen(command, cwd=host.root, start_new_session=True)
    server.wait_for_trials(2, first)
    during = server.trials()
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    subprocess.run(command, cwd=host.root, check=True, timeout=2 * PATIENCE_S)
    after = server.trials()
    names = [one.data.tags["kedro_nas.trial"] for one in after]
    parents = {one.data.tags["mlflow.parentRunId"] for one in after}
    (killed,) = {one.data.tags["mlflow.parentRunId"] for one in during}
    runs = {one.info.run_id: one for one in server.runs()}

    assert len(names) == len(set(names)) == 6
    assert {one.info.run_id for one in during} <= {one.info.run_id for one in after}
    assert {one.info.status for one in after} == {"FINISHED"}
    assert killed not in parents
    assert len(parents) == 1
    assert runs[killed].info.status == "KILLED"
    assert runs[killed].data.tags["kedro_nas.continued_by"] in parents
