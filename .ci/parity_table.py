"""Write the table of failures in docs/how-to/devices.md from a benchmark's results.

`make reference` runs it; a test compares the page with what it would write.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "devices.md"
RESULTS = ROOT / "benchmarks" / "results" / "export_parity.json"
_SECTION = re.compile(
    r"(<!-- export parity -->\n).*?(<!-- end of export parity -->)", re.DOTALL
)


def write_page(text: str, results: dict[str, Any]) -> str:
    """Return the page with the section between the markers written anew."""
    return _SECTION.sub(lambda found: found[1] + _section(results) + found[2], text)


def _section(results: dict[str, Any]) -> str:
    lines = [
        f"Of {len(results['networks'])} random networks of the whole vocabulary with",
        f"random weights, on {results['images']} random images each",
        f"(`benchmarks/export_parity.py`, {results['date']}):",
        "",
        "| format | failed | largest difference | median | allowed | equal decisions |",
        "|---|---:|---:|---:|---:|---:|",
        *map(_row, results["formats"]),
        "",
    ]
    reasons = [
        f"| `{row['format']}` | {reason} |"
        for row in results["formats"]
        for reason in row["reasons"]
    ]
    if reasons:
        lines += ["| format | why it failed |", "|---|---|", *reasons, ""]
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any]) -> str:
    allowed = "accuracy" if row["limit"] is None else f"{row['limit']:g}"
    return (
        f"| `{row['format']}` | {row['failed']} of {row['networks']} "
        f"| {row['largest']:.1e} | {row['median']:.1e} | {allowed} "
        f"| {100 * row['equal_decisions']:.1f} % |"
    )


def main() -> int:
    """Write the page; return 1 when that changed it and `--check` was given."""
    if not RESULTS.exists():
        return 0
    before = PAGE.read_text()
    after = write_page(before, json.loads(RESULTS.read_text()))
    if "--check" in sys.argv:
        return int(after != before)
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
