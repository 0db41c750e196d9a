"""Virtual environments of the peers, made once and again when their pins change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from peer_runs.tools import ADAPTERS, ROOT

_VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class PeerEnvironment:
    """A virtual environment.

    Attributes:
        name: `autokeras` or `our_space`; its pins are in `<name>.txt` beside the
            adapters.
        folder: Where the environments of all peers are.
    """

    name: str
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / self.name / "bin" / "python"

    @property
    def pins(self) -> Path:
        """Its requirements, exact."""
        return ADAPTERS / f"{self.name}.txt"

    @property
    def stamp(self) -> str:
        """Digest of all that decides what is installed."""
        parts = [sys.version.encode(), self.pins.read_bytes()]
        if self.name == "our_space":
            files = (ROOT / "constraints.txt", ROOT / "pyproject.toml")
            parts += [path.read_bytes() for path in files]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    @property
    def is_made(self) -> bool:
        """Return whether it is complete and as its pins say."""
        stamp = self.folder / self.name / "stamp.txt"
        return stamp.exists() and stamp.read_text() == self.stamp

    def make(self) -> None:
        """Make it, unless it is there.

        Raises:
            subprocess.CalledProcessError: pip could not install the pins.
        """
        if self.is_made:
            return
        place = self.folder / self.name
        shutil.rmtree(place, ignore_errors=True)
        print(f"making the environment {self.name} (minutes, once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(self.python), "-m", "pip", "install", "--quiet"]
        pip += ["--disable-pip-version-check", *self._what()]
        subprocess.run(pip, cwd=ROOT, check=True)
        (place / "stamp.txt").write_text(self.stamp)

    def _what(self) -> list[str]:
        pinned = ["-r", str(self.pins)]
        if self.name != "our_space":
            return pinned
        return ["-c", "constraints.txt", *pinned, "-e", "."]

    def versions(self, packages: Sequence[str]) -> dict[str, str]:
        """Return the versions of packages that are installed in it."""
        done = subprocess.run(
            [str(self.python), "-c", _VERSIONS, *packages],
            env={name: os.environ[name] for name in ("PATH",) if name in os.environ},
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, str] = json.loads(done.stdout)
        return found
