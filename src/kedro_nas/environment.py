"""Versions, hardware and command with which a result was produced."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedro_nas.redaction import redacted

PACKAGES = (
    "kedro-nas",
    "kedro",
    "keras",
    "keras-tuner",
    "tensorflow",
    "numpy",
    "pandas",
    "scikit-learn",
)


class Environment(BaseModel):
    """The versions, hardware and command with which a result was produced.

    Attributes:
        python: Version of Python.
        platform: Operating system.
        processor: Model of the processor.
        cores: Number of processor cores.
        memory_gib: Memory of the machine.
        versions: Version by package; None for one that is not installed.
        command: Command line with secrets removed and the program's folder left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    python: str = ""
    platform: str = ""
    processor: str = ""
    cores: int | None = None
    memory_gib: float | None = None
    versions: dict[str, str | None] = {}
    command: str = ""


def describe_environment() -> Environment:
    """Return the versions, the hardware and the command line of this process."""
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        processor=_processor(),
        cores=os.cpu_count(),
        memory_gib=_memory_gib(),
        versions={name: _version(name) for name in PACKAGES},
        command=redacted(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])),
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
    return round(pages / 2**30, 1)
