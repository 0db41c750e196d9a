"""The page on files is what the records say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_files_page_is_what_the_records_say() -> None:
    """docs/reference/files.md lists each field of each record, with its meaning."""
    script = ROOT / ".ci" / "files_page.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)

    assert done.returncode == 0, "run `make reference` and commit the page"
    assert "| `confusion_matrix` |" in (ROOT / "docs/reference/files.md").read_text()
