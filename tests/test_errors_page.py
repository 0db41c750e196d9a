"""The page on troubleshooting lists every error of the code."""

from __future__ import annotations

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the page."""
    spec = spec_from_file_location("errors_page", ROOT / ".ci" / "errors_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look
    spec.loader.exec_module(module)
    return module


def test_page_lists_the_errors_of_the_code(script: ModuleType) -> None:
    """Whoever searches for the first words of an error finds it, with what to do."""
    text = script.PAGE.read_text()

    assert text == script.page(text), "run `make reference` and commit the page"
    assert "| labels combine several classes | one class per image |" in text


def test_find_errors_misses_none(script: ModuleType) -> None:
    """As many rows as there are different errors, each with its first words."""
    rows = script.find_errors()

    assert len(rows) > 120
    assert all(row.failed.strip(". '") or "..." in row.failed for row in rows)
    assert {row.kind for row in rows} == set(script.KINDS)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("DataError('a', allowed='b', remedy='c')", ("a", "b", "c")),
        ("DataError(f'a {x}', remedy='b ' + f'{y} c')", ("a ...", "", "b ... c")),
        ("DataError(text, remedy=todo)", ("...", "", "...")),
    ],
)
def test_errors_of_code_say_what_is_known_before(
    script: ModuleType, code: str, row: tuple[str, str, str]
) -> None:
    """What is only known when it is raised stands as dots."""
    (found,) = script._errors_of(ast.parse(f"raise {code}"))

    assert (found.failed, found.allowed, found.remedy) == row
