"""A real browser draws the page, in silence and without a network."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.report.page import write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


def open_page(html: str, folder) -> tuple[str, list[str]]:
    """Return the page's elements once drawn, and what its console said."""
    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--disable-component-update",
            # nothing leaves this machine, the browser's own calls included
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=10000",
            "--dump-dom", file.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_report_in_a_browser_draws_all_figures_without_a_word(results, tmp_path):
    """Eight figures are drawn and the console stays empty: no error, no request.

    The page's policy forbids every address, and a browser complains on the console
    about each one that is tried.
    """
    page = write_report(results, ReportingOptions())

    elements, said = open_page(page.html, tmp_path)

    assert said == []
    assert 'data-figures-drawn="8/8"' in elements
    assert elements.count('class="main-svg"') >= 8


def test_report_in_a_browser_would_complain_about_a_request(results, tmp_path):
    """The check above can fail: a picture from elsewhere is refused and reported."""
    page = write_report(results, ReportingOptions())
    with_request = page.html.replace("</h1>", "</h1><img src='http://example.org/x'>")

    _, said = open_page(with_request, tmp_path)

    assert any("Content Security Policy" in line for line in said)
