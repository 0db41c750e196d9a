"""Begin and end of a benchmark: options, the file it writes, its last line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from kedro_nas.environment import describe_environment
from kedro_nas.files import write_json

RESULTS = Path(__file__).parents[1] / "results"


def new_parser(
    description: str | None, *, quick: str = "small; writes no result"
) -> argparse.ArgumentParser:
    """Return a parser that knows `--quick`.

    Args:
        description: The script's docstring, which `--help` shows as it is.
        quick: What is smaller then, for `--help`.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def write_result(
    path: Path,
    found: Mapping[str, object],
    *,
    seeds: Iterable[int],
    packages: Iterable[str] = (),
) -> None:
    """Write what was measured as JSON, atomically, with what it depends on.

    Before the values stand the date, machine, versions and seeds; not the command line,
    which may hold paths of this machine.

    Args:
        path: The file.
        found: The values; names of their own.
        seeds: All that were drawn from.
        packages: Whose versions matter beside those of `describe_environment`.

    Raises:
        ValueError: A value has a name that is written here.
    """
    described = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "environment": describe_environment().model_dump(exclude={"command"}),
        "seeds": sorted(seeds),
    }
    if chosen := tuple(packages):
        described["packages"] = versions_of(chosen)
    if taken := sorted(described.keys() & found.keys()):
        raise ValueError(f"{path.name}: {', '.join(taken)} is written for each result.")
    write_json(path, {**described, **found})


def versions_of(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the version by package; None for one that is not installed."""
    installed = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    return {name: installed.get(name) for name in packages}


def conclude(line: str, *, passed: bool) -> int:
    """Print the verdict, the last line; return the exit status: 0 where it passed."""
    print(line, flush=True)
    return 0 if passed else 1
