"""`kedro_nas.framework.next_steps`: what to do after `kedro nas init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kedro_nas.framework.next_steps import MovedOption, next_steps


def _steps(code: Path, **changes: Any) -> str:
    given: dict[str, Any] = {
        "namespace": "nas",
        "pipeline": "nas",
        "new_images": None,
        "has_folder": True,
        "problem": "",
        "env": "base",
    }
    given |= changes
    names = ("namespace", "pipeline", "new_images")
    return "\n".join(next_steps(code, *(given.pop(name) for name in names), **given))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "kedro run --pipelines nas"),
        ({"new_images": "images"}, "Point 'images' in catalog_nas.yml"),
        ({"problem": "ImportError: x"}, "cannot be read (ImportError: x)"),
        ({"has_folder": False, "pipeline": None}, "Register a pipeline of yours"),
        ({"namespace": "defects.nas"}, "kedro nas check --namespace defects.nas"),
        ({"folding": Path("conf/logging.yml")}, "in logging.yml, below root:"),
    ],
)
def test_next_steps_name_what_is_to_be_done(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Each state of a project has its own way on."""
    assert said in _steps(tmp_path, **changes)


def test_next_steps_of_a_search_kept_out_already_do_not_ask_for_it(
    tmp_path: Path,
) -> None:
    """Advice that was followed is not given again."""
    assert "Keep the search out" in _steps(tmp_path)
    assert "Keep the search out" not in _steps(tmp_path, is_kept_out=True)


def test_next_steps_of_a_registry_without_find_pipelines_show_the_import(
    tmp_path: Path,
) -> None:
    """A folder that nothing looks for is not registered."""
    (tmp_path / "pipeline_registry.py").write_text("def register_pipelines(): ...\n")

    assert "does not call find_pipelines" in _steps(tmp_path)
    (tmp_path / "pipeline_registry.py").write_text("find_pipelines()\n")
    assert "does not call find_pipelines" not in _steps(tmp_path)


def test_next_steps_group_moved_options_by_file_in_the_hosts_namespace(
    tmp_path: Path,
) -> None:
    """A person changes one file after the other."""
    base, smoke = Path("conf/base/p.yml"), Path("conf/smoke/p.yml")
    text = _steps(
        tmp_path,
        namespace="defects.nas",
        moved=[
            MovedOption(base, "search.workers", "moved to nas.job.workers"),
            MovedOption(smoke, "ranking.last", "moved to nas.search.newest_candidates"),
            MovedOption(base, "ranking.seeds", "moved to nas.export.seeds"),
        ],
    )

    said = (
        "conf/base/p.yml:\n"
        "  defects.nas.search.workers: moved to defects.nas.job.workers\n"
        "  defects.nas.ranking.seeds: moved to defects.nas.export.seeds\n"
        "conf/smoke/p.yml:\n"
    )
    assert said in text
    assert "kedro nas init --force --namespace defects.nas" in text
