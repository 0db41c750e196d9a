"""`kedro_nas.datasets`: names in a catalog, laziness, previews."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest
import yaml

import kedro_nas.datasets as package

# the names kedro-viz knows, see kedro_viz/models/flowchart/node_metadata.py
PREVIEWS = {"HTMLPreview", "ImagePreview", "JSONPreview", "TablePreview"}


@pytest.mark.parametrize("name", package.__all__)
def test_datasets_name_gives_its_class(name: str) -> None:
    """Every public name can be written after `type:` in a catalog."""
    found = getattr(package, name)

    assert found.__name__ == name


def test_datasets_unknown_name_is_an_attribute_error() -> None:
    """A misspelt type fails as Kedro expects it to."""
    with pytest.raises(AttributeError, match="KerasModelDatset"):
        _ = package.KerasModelDatset


@pytest.mark.parametrize("name", package.__all__)
def test_datasets_preview_is_annotated_with_a_type_of_kedro_viz(name: str) -> None:
    """kedro-viz chooses a panel by the annotation; a quoted one gives a blank panel."""
    preview = getattr(getattr(package, name), "preview", None)

    assert preview is not None
    assert typing.get_type_hints(preview)["return"].__name__ in PREVIEWS
    assert "'" not in str(preview.__annotations__["return"])


@pytest.mark.parametrize("name", package.__all__)
def test_datasets_show_both_ways_of_use(name: str) -> None:
    """Each class documents its YAML entry and a Python example that is run."""
    text = getattr(package, name).__doc__

    assert f"type: kedro_nas.datasets.{name}" in text
    assert ">>> " in text


def test_datasets_import_without_keras() -> None:
    """A catalog with our datasets is built without TensorFlow."""
    program = (
        "import sys, kedro_nas.datasets as d;"
        "[getattr(d, name) for name in d.__all__];"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0


def test_datasets_of_json_in_our_catalog_refuse_what_json_does_not_know() -> None:
    """NaN in a file would be no JSON for any reader but Python's."""
    path = Path(__file__).parents[2] / "conf" / "base" / "catalog_nas.yml"
    entries = yaml.safe_load(path.read_text())
    json = [entry for entry in entries.values() if entry["type"] == "json.JSONDataset"]

    assert json
    assert all(entry["save_args"] == {"allow_nan": False} for entry in json)
