"""The wheel: what is in it, and that it works where the repository is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "COLUMNS": "200", "TF_CPP_MIN_LOG_LEVEL": "3"}
ENVIRONMENT.pop("PYTHONPATH", None)  # may name the checkout

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**ENVIRONMENT, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel by way of the source archive, outside the repository."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-zco",
            "--exclude-standard",
            "src",
            "conf/base",
            "conf/logging.yml",
            "conf/smoke/parameters_nas.yml",
            "pyproject.toml",
            "setup.py",
            "MANIFEST.in",
            "README.md",
            "LICENSE",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    _run(sys.executable, "-m", "build", "--no-isolation", ".", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own.

    Dependencies are lent by the environment of the tests; kedro-nas is not, since
    its editable install is not followed through a `.pth` file.
    """
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder)  # its pip, 5 s of a core to install, is not needed
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = folder / "bin" / "python"
    _run(
        *(sys.executable, "-m", "pip", "--python", python),
        *("install", "--quiet", "--no-deps", "--no-index", wheel),
        cwd=folder,
    )
    return folder


def test_wheel_carries_what_is_not_python(wheel: Path) -> None:
    """Templates, presets and type marker are in the wheel; no tests, no data."""
    names = zipfile.ZipFile(wheel).namelist()
    starter = "kedro_nas/framework/starter/nas-image/"

    assert "kedro_nas/py.typed" in names
    assert "kedro_nas/space/presets/default.yml" in names
    assert f"{starter}cookiecutter.json" in names
    assert f"{starter}{{{{ cookiecutter.repo_name }}}}/conf/local/.gitkeep" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert all(name.startswith(("kedro_nas/", "kedro_nas-")) for name in names)


@pytest.mark.parametrize(
    "name", ["base/catalog_nas.yml", "base/parameters_nas.yml", "logging.yml"]
)
def test_wheel_carries_the_configuration_of_this_repository(
    wheel: Path, name: str
) -> None:
    """What `kedro nas init` writes from a wheel is conf/, copied when it is built."""
    with zipfile.ZipFile(wheel) as archive:
        shipped = archive.read(f"kedro_nas/framework/template/{Path(name).name}")

    assert shipped == (ROOT / "conf" / name).read_bytes()


def test_installed_package_is_not_the_checkout(installed: Path) -> None:
    """What the other tests of this file run is the wheel."""
    python = installed / "bin" / "python"
    printed = _run(
        python, "-c", "import kedro_nas; print(kedro_nas.__file__)", cwd=installed
    )

    assert str(installed) in printed


def test_starter_makes_a_project_that_is_ready(installed: Path, tmp_path: Path) -> None:
    """`kedro new --starter nas-image` needs no network and no further step."""
    kedro = (installed / "bin" / "python", "-m", "kedro")
    _run(
        *kedro, "new", "--starter", "nas-image", "--name", "Flower Search", cwd=tmp_path
    )
    project = tmp_path / "flower-search"
    listed = _run(*kedro, "registry", "list", cwd=project)
    space = subprocess.run(
        [*map(str, kedro), "run"],
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "- nas" in listed
    for env in ("base", "smoke"):
        assert (project / "conf" / env / "parameters_nas.yml").exists()
    assert space.returncode == 1
    assert "has no images in subfolders" in space.stderr
    assert "Traceback" not in space.stdout + space.stderr


def test_example_goes_from_wheel_to_report(
    wheel: Path, installed: Path, tmp_path: Path
) -> None:
    """`examples/host_project.sh`: new, init, run, show, viz, each with its time."""
    printed = _run(
        "bash",
        ROOT / "examples" / "host_project.sh",
        *(tmp_path / "place", wheel),
        cwd=tmp_path,
        VENV=str(installed),
        TRIALS="3",
    )
    project = tmp_path / "place" / "host"

    shown = re.findall(r"^==> \S+python -m kedro (\w+ ?\w*)", printed, re.MULTILINE)
    assert [words.split()[0] for words in shown] == ["new", "nas", "run", "nas", "viz"]
    times = re.findall(r"^    \d+ s, computing \d+ \+ \d+ s$", printed, re.MULTILINE)
    assert len(times) == len(shown)
    assert (project / "build" / "index.html").exists()
    assert "Winner: " in printed
    assert (project / "data/08_reporting/nas/report.html").stat().st_size > 10_000
    assert (project / "data/06_models/nas/exports/model.keras").exists()
