"""A folder that Kedro takes for this project, with other images."""

from __future__ import annotations

from kedro.framework.startup import _get_project_metadata, _validate_source_path
from linked_project import IMAGES, link_project


def test_project_has_the_configuration_of_the_repository_and_the_images(
    table, tmp_path
):
    """`kedro run` finds a project like this one, with other images under its name."""
    link_project(tmp_path, table)

    assert (tmp_path / "conf/base/catalog_nas.yml").is_file()
    assert (tmp_path / "src/kedro_nas/settings.py").is_file()
    assert (tmp_path / "data/01_raw" / IMAGES).resolve() == table


def test_project_is_one_that_kedro_accepts(table, tmp_path):
    """Kedro refuses a source folder that lies outside the project."""
    link_project(tmp_path, table)
    found = _get_project_metadata(tmp_path)

    assert found.package_name == "kedro_nas"
    _validate_source_path(found.source_dir, tmp_path.resolve())


def test_project_of_a_second_session_is_the_same(table, tmp_path):
    """What the first session wrote is still there for the same command."""
    link_project(tmp_path, table)
    kept = tmp_path / "data" / "kept.txt"
    kept.write_text("state")
    link_project(tmp_path, table)

    assert kept.read_text() == "state"
