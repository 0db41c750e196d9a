"""The examples do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "examples" / "without_kedro.py"


def test_library_on_the_page_is_the_example_that_is_run() -> None:
    """Each line of the page is one of the script: what is run is what is read."""
    page = (ROOT / "docs" / "how-to" / "notebook.md").read_text()
    (shown,) = re.findall(r"```python\n(from pathlib.*?)```", page, re.DOTALL)
    script = {line.strip() for line in SCRIPT.read_text().splitlines()}
    said = [line.strip() for line in shown.splitlines() if "max_trials" not in line]
    missing = [line for line in said if line.partition("  #")[0] not in script]

    assert len(said) > 20
    assert missing == ['digits, workspace = load_digits(), Path("digits_workspace")']


@pytest.mark.slow
def test_library_without_kedro_searches_and_builds_a_network(tmp_path: Path) -> None:
    """A search of the library imports no Kedro, and says what it has found."""
    workspace = str(tmp_path / "digits")
    code = (
        f"import runpy, sys; sys.argv = ['script', {workspace!r}];"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__');"
        "assert 'kedro' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TRIALS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "score" in done.stdout
    assert "Trainable params" in done.stdout
