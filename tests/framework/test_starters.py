"""`kedro_nas.framework.starters`: the starter is where it says."""

from __future__ import annotations

import json
from pathlib import Path

from kedro_nas.framework.starters import starters


def test_the_starter_is_a_folder_kedro_can_make_a_project_from() -> None:
    """`kedro new --starter nas-image` needs no network: the template is shipped."""
    (starter,) = starters
    folder = Path(starter.template_path)
    asked = json.loads((folder / "cookiecutter.json").read_text())

    assert starter.alias == "nas-image"
    assert {"repo_name", "python_package"} <= set(asked)
    assert (folder / "{{ cookiecutter.repo_name }}" / "pyproject.toml").is_file()
