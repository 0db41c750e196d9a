"""A real Kedro project, generated from Kedro's own template, and ways to run it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from cookiecutter.main import cookiecutter
from kedro.framework.cli.starters import TEMPLATE_PATH
from PIL import Image
from tests.host_project.kedro_server import KedroServer


@dataclass(frozen=True)
class Host:
    """A project on disk.

    Attributes:
        root: Its folder.
        package: Its source package.
    """

    root: Path

    @property
    def package(self) -> Path:
        """The source package."""
        return self.root / "src" / "host"

    def kedro(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `kedro` program in the project, as a user does."""
        status, stdout, stderr = _server().run(arguments, self.root)
        return subprocess.CompletedProcess(arguments, status, stdout, stderr)

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)


@cache
def _server() -> KedroServer:
    return KedroServer()


@pytest.fixture(scope="session", autouse=True)
def _end_of_the_server() -> Iterator[None]:
    """End the server, if a test has run a command."""
    yield
    if _server.cache_info().currsize:
        _server().close()


@pytest.fixture(scope="session")
def plain_host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Make the default project of `kedro new`, once; copy it to change it."""
    folder = tmp_path_factory.mktemp("plain")
    cookiecutter(
        str(TEMPLATE_PATH),
        output_dir=str(folder),
        no_input=True,
        accept_hooks=False,
        extra_context={
            "project_name": "host",
            "repo_name": "host",
            "python_package": "host",
            "kedro_version": "1.7.0",
            "tools": "['None']",
            "example_pipeline": "False",
        },
    )
    return Host(folder / "host")


@pytest.fixture(scope="session")
def ready_host(plain_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Set the search up by `kedro nas init` and its first advice, once."""
    host = _copied(plain_host, tmp_path_factory.mktemp("ready"))
    done = host.kedro("nas", "init")
    assert done.returncode == 0, done.stdout + done.stderr
    settings = host.package / "settings.py"
    text = settings.read_text()
    advice = '    "merge_strategy": {"parameters": "soft"},\n'
    assert advice.strip() in done.stdout
    at = text.index('    "default_run_env"')
    settings.write_text(text[:at] + advice + text[at:])
    return host


@pytest.fixture
def host(plain_host: Host, tmp_path: Path) -> Host:
    """Give a project without the search, to change freely."""
    return _copied(plain_host, tmp_path)


@pytest.fixture
def searching_host(ready_host: Host, tmp_path: Path) -> Host:
    """Give a project with the search, to change freely."""
    return _copied(ready_host, tmp_path)


def _copied(host: Host, folder: Path) -> Host:
    shutil.copytree(host.root, folder / "host")
    return Host(folder / "host")


def draw_images(folder: Path, *, per_class: int = 24) -> None:
    """Draw three easy classes of 12 x 12 images as PNG files, a folder each."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(("bars", "boxes", "dots")):
        (folder / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = rng.integers(0, 90, (12, 12), dtype=np.uint8)
            at = int(rng.integers(1, 8))
            if number == 0:
                pixels[:, at] = 255
            elif number == 1:
                pixels[at : at + 4, at : at + 4] = 255
            else:
                pixels[::4, at % 3 :: 3] = 255
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
