"""Measure what an installation of kedro-nas takes, plain and with each extra.

    python .ci/installs.py [extra ...]

Each is installed by pip into a fresh virtual environment, without constraints, and what
that holds is counted in blocks, as `du` does. The sizes go to
benchmarks/results/installs.json, from where the table of docs/how-to/install.md is
written. An extra is measured on top of the plain installation.
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


def measure(extra: str, folder: Path) -> dict[str, float | str]:
    """Install into a fresh environment; return its MiB, packages and plotly."""
    place = folder / (extra or "plain")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = str(place / "bin" / "python")
    what = f"{ROOT}[{extra}]" if extra else str(ROOT)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", what], check=True)
    listed = subprocess.run(
        [*pip, "list", "--format", "json"], check=True, capture_output=True, text=True
    )
    versions = {one["name"]: one["version"] for one in json.loads(listed.stdout)}
    blocks = sum(one.lstat().st_blocks for one in place.rglob("*"))  # of 512 bytes
    return {
        "mib": round(blocks / 2048),
        "packages": len(versions),
        **{name: versions[name] for name in ("kedro", "keras", "plotly", "tensorflow")},
    }


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
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"sizes": {}}
    sizes = known["sizes"]
    for extra in wanted or ["", *extras()]:
        with tempfile.TemporaryDirectory() as folder:
            sizes[extra] = measure(extra, Path(folder))
        print(extra or "plain", sizes[extra], flush=True)  # noqa: T201
        machine = f"{platform.system()} {platform.machine()}"
        result = {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "machine": machine,
            "python": platform.python_version(),
            "sizes": sizes,
        }
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + table(sizes) + END + after)


if __name__ == "__main__":
    main(sys.argv[1:])
