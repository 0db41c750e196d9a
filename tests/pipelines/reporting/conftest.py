"""The same made-up results as for the report itself."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

REPORT_TESTS = Path(__file__).parents[2] / "report"


@pytest.fixture(scope="session")
def make_results():
    """Return the builder of tests/report."""
    return runpy.run_path(str(REPORT_TESTS / "conftest.py"))["build_results"]
