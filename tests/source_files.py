"""The files of Python that the tests of the house rules read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def python_files(*folders: str) -> list[Path]:
    """Return the files below folders of the repository, the starter's template not."""
    found = [path for name in folders for path in (ROOT / name).rglob("*.py")]
    return sorted(path for path in found if "starter" not in path.parts)
