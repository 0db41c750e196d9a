"""Processes of the `kedro` program that need not import other people's packages anew.

A server imports them once and forks for each command. The command has a process of its
own, as a user's has, which imports Kedro's framework, the project and kedro-nas itself:
half of the 1.5 s of a core that `kedro nas status` takes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# Not Kedro's framework, which configures logging by the folder it is imported in, nor
# TensorFlow, which no command may import before it trains.
PACKAGES = (
    "PIL.Image",
    "cookiecutter.main",
    "dynaconf",
    "fsspec",
    "jinja2",
    "kedro.config",
    "kedro.io",
    "kedro.pipeline",
    "multiprocessing",
    "omegaconf",
    "pandas",
    "pyarrow.parquet",
    "pydantic",
    "requests",
    "rich.console",
    "rich.traceback",
)
LIMIT_S = 900  # a machine that does something else as well is slow, not wrong


class KedroServer:
    """Runs one command at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: tuple[str, ...], folder: Path) -> tuple[int, str, str]:
        """Run `kedro` in a folder; gives its exit status and what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as place:
            printed = Path(place) / "stdout", Path(place) / "stderr"
            environment = {**os.environ, "COLUMNS": "400", "TF_CPP_MIN_LOG_LEVEL": "3"}
            command = arguments, str(folder), environment, list(map(str, printed))
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            return status, *(path.read_text() for path in printed)

    def close(self) -> None:
        """End the server."""
        self._process.communicate()


def main() -> None:
    """Fork for each command on standard input, and print its exit status."""
    for name in PACKAGES:
        importlib.import_module(name)
    gc.freeze()  # the commands share these pages
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become_kedro(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become_kedro(
    arguments: list[str], folder: str, environment: dict[str, str], printed: list[str]
) -> None:
    """Do as `python -m kedro` does in the folder, and exit."""
    signal.alarm(LIMIT_S)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(printed, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = folder
    sys.argv = ["kedro", *arguments]
    runpy.run_module("kedro", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main()
