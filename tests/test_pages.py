"""Pages lead somewhere: links, citations, navigation, and a site that builds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_navigation_names_every_page() -> None:
    """A page that is written can be found."""
    text = (ROOT / "mkdocs.yml").read_text()
    shown = set(re.findall(r"[\w/-]+\.md", text[text.index("nav:") :]))
    written = {
        str(page.relative_to(ROOT / "docs"))
        for page in PAGES
        if page.is_relative_to(ROOT / "docs")
    }

    assert shown == written


def _anchors(page: Path) -> set[str]:
    """Give the names a browser can jump to, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    bare = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"\s+", "-", heading) for heading in bare}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Links to pages, files and headings of the repository have a target."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)

    assert broken == []


CITED = re.compile(
    r"\b((?:benchmarks|docs|examples|tests)/[\w./-]+\.(?:json|md|png|py))"
)


OF_THE_READER = {"tests/test_blocks.py"}  # files a page tells its reader to write


@pytest.mark.parametrize("folder", ["docs", "src", "benchmarks", "."])
def test_files_that_are_cited_exist(folder: str) -> None:
    """A measurement or a page that a text refers to is in the repository."""
    found = (ROOT / folder).glob("*" if folder == "." else "**/*")
    texts = [path for path in found if path.suffix in {".md", ".py", ".yml", ".toml"}]
    cited = {name for path in texts for name in CITED.findall(path.read_text())}
    cited -= OF_THE_READER

    assert [name for name in sorted(cited) if not (ROOT / name).exists()] == []


def test_every_how_to_is_reached_from_the_readme() -> None:
    """A newcomer at the README finds each recipe in one or two steps."""
    pages = (ROOT / "README.md", ROOT / "docs" / "index.md")
    reached = set(re.findall(r"how-to/[\w-]+\.md", "".join(map(Path.read_text, pages))))
    written = {f"how-to/{path.name}" for path in (ROOT / "docs/how-to").glob("*.md")}

    assert written - reached == set()


@pytest.mark.slow
def test_site_builds_strictly(tmp_path: Path) -> None:
    """No page links to nothing; `make docs` does the same."""
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings_handlers.python")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "how-to" / "mlflow" / "index.html").exists()
