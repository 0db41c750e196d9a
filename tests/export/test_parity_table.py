"""The table of failures in docs/how-to/devices.md is what was measured."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> Any:
    """Import the script that writes the table."""
    spec = spec_from_file_location("parity_table", ROOT / ".ci" / "parity_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(*reasons: str) -> dict[str, Any]:
    """Return results of two networks in one format."""
    row = {
        "format": "litert",
        "networks": 2,
        "failed": len(reasons),
        "median": 2.61e-8,
        "largest": 0.00012,
        "limit": 0.02,
        "equal_decisions": 0.9975,
        "reasons": list(reasons),
    }
    whole = {**row, "format": "litert_int8", "limit": None, "reasons": []}
    return {
        "date": "2026-01-02",
        "images": 32,
        "networks": [{}, {}],
        "formats": [row, whole],
    }


PAGE = "before\n<!-- export parity -->\nold\n<!-- end of export parity -->\nafter\n"


def test_table_has_a_row_per_format(script: Any) -> None:
    """Failures, differences and what is allowed; the rest of the page stays."""
    page = script.write_page(PAGE, results())

    assert page.startswith("before\n<!-- export parity -->\nOf 2 random networks")
    assert page.endswith("<!-- end of export parity -->\nafter\n")
    assert "| `litert` | 0 of 2 | 1.2e-04 | 2.6e-08 | 0.02 | 99.8 % |" in page
    assert "| `litert_int8` | 0 of 2 | 1.2e-04 | 2.6e-08 | accuracy |" in page
    assert "why it failed" not in page
    assert script.write_page(page, results()) == page


def test_table_gives_the_reason_of_each_failure(script: Any) -> None:
    """A reader sees why a file was not handed over."""
    page = script.write_page(PAGE, results("cannot be written: no kernel"))

    assert "| `litert` | 1 of 2 |" in page
    assert "| `litert` | cannot be written: no kernel |" in page


def test_page_is_what_the_results_say(script: Any) -> None:
    """docs/how-to/devices.md has the markers, and the newest results between them."""
    text = script.PAGE.read_text()
    found = results()
    if script.RESULTS.exists():
        found = json.loads(script.RESULTS.read_text())

        assert script.write_page(text, found) == text, "run `make reference`"
    assert "| `litert` |" in script.write_page(text, found)
