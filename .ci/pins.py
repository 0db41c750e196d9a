"""Write constraints.txt: exact versions of what this interpreter has installed.

Run it in a virtual environment in which the tests passed: `make pins`.
"""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

from packaging.specifiers import SpecifierSet

HEADER = """\
# Exact versions under which `make test` last passed: run, dev and docs.
# Written by .ci/pins.py (`make pins`). pyproject.toml says what is allowed; this file
# says what is installed by make. A marker stands where a version needs a newer Python.
"""
NOT_PINNED = {"kedro-nas", "pip", "wheel"}


def pin(name: str, version: str, requires_python: str | None) -> str:
    """Say one pin, for those Pythons only that the version supports."""
    supported = SpecifierSet(requires_python or "")
    oldest = next((f"3.{m}" for m in (10, 11, 12) if f"3.{m}.99" in supported), "3.13")
    marker = "" if oldest == "3.10" else f' ; python_version >= "{oldest}"'
    return f"{name}=={version}{marker}"


def main() -> None:
    """Write constraints.txt beside pyproject.toml."""
    found = {
        dist.name.lower().replace("_", "-"): pin(
            dist.name, dist.version, dist.metadata["Requires-Python"]
        )
        for dist in distributions()
    }
    lines = [found[name] for name in sorted(found) if name not in NOT_PINNED]
    path = Path(__file__).parents[1] / "constraints.txt"
    path.write_text(HEADER + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
