"""Measure what an installation of kedro-nas takes, plain and with each extra.

    python .ci/installs.py [extra ...]

The plain installation is made by pip in a fresh virtual environment, without
constraints, and what that holds is counted in blocks, as `du` does. Each extra is
installed on top of it and removed again; one that cannot be installed is said so and
keeps its last size. The sizes go to benchmarks/results/installs.json, from where the
table of docs/how-to/install.md is written.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "installs.json"
PAGE = ROOT / "docs" / "how-to" / "install.md"
BEGIN, END = "<!-- sizes: .ci/installs.py -->\n", "<!-- end of sizes -->\n"
NAMED = ("kedro", "keras", "plotly", "tensorflow")
USES = {
    "": "everything but what follows",
    "gpu": "TensorFlow with the CUDA libraries, Linux",
    "litert": "LiteRT files and their latency",
    "mlflow": "tracking in MLflow",
    "onnx": "ONNX files",
    "openvino": "OpenVINO files",
    "ray": "workers on a Ray cluster",
    "s3": "images and outputs on S3",
    "tensorboard": "tracking in TensorBoard",
    "viz": "the pipeline in kedro-viz",
}


def extras() -> list[str]:
    """Return the extras that users install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return sorted(set(project["optional-dependencies"]) - {"dev", "docs"})


class Environment:
    """A virtual environment with the plain installation.

    Attributes:
        place: Its folder.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        self._pip("install", "--quiet", str(ROOT))
        self._plain = self.versions()

    def _pip(self, *arguments: str) -> str:
        python = str(self.place / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.run(pip, check=True, stdout=subprocess.PIPE, text=True).stdout

    def versions(self) -> dict[str, str]:
        """Return what is installed."""
        listed = json.loads(self._pip("list", "--format", "json"))
        return {one["name"]: one["version"] for one in listed}

    def measure(self, extra: str) -> dict[str, float | str]:
        """Return MiB, packages and some versions with an extra, empty for none."""
        if extra:
            self._pip("install", "--quiet", f"{ROOT}[{extra}]")
        versions = self.versions()
        files = self.place.rglob("*")
        blocks = sum(file.lstat().st_blocks for file in files)  # of 512 bytes
        self._restore(versions)
        return {
            "mib": round(blocks / 2048),
            "packages": len(versions),
            **{name: versions[name] for name in NAMED},
        }

    def _restore(self, versions: dict[str, str]) -> None:
        """Remove what an extra has added; take back versions that it has changed."""
        added = set(versions) - set(self._plain)
        if added:
            self._pip("uninstall", "--quiet", "--yes", *added)
        changed = {
            f"{name}=={version}"
            for name, version in self._plain.items()
            if versions.get(name) != version
        }
        if changed:
            self._pip("install", "--quiet", "--no-deps", *changed)


def table(sizes: dict[str, dict[str, float | str]]) -> str:
    """Return the table of the page."""
    plain = sizes[""]
    lines = ["| extra | for | MiB on disk |", "|---|---|---|"]
    lines.append(f"| none | {USES['']} | {plain['mib']:,} |")
    for extra in sorted(set(sizes) - {""}):
        more = float(sizes[extra]["mib"]) - float(plain["mib"])
        lines.append(f"| `{extra}` | {USES[extra]} | + {more:,.0f} |")
    return "\n".join(lines) + "\n"


def main(wanted: list[str]) -> None:
    """Measure what is asked for, all without, and write file and page."""
    sizes = json.loads(RESULTS.read_text())["sizes"] if RESULTS.exists() else {}
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = Environment(Path(folder) / "venv")
        for extra in dict.fromkeys(["", *(wanted or extras())]):
            try:
                sizes[extra] = environment.measure(extra)
            except subprocess.CalledProcessError:
                missed += 1
                print(f"{extra}: cannot be installed here", flush=True)  # noqa: T201
                continue
            print(extra or "plain", sizes[extra], flush=True)  # noqa: T201
            write(sizes)
    sys.exit(missed)


def write(sizes: dict[str, dict[str, float | str]]) -> None:
    """Write the file of the sizes, and the table of the page."""
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sizes": dict(sorted(sizes.items())),
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + table(sizes) + END + after)


if __name__ == "__main__":
    main(sys.argv[1:])
