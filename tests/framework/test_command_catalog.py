"""`kedro_nas.framework.command_catalog`: a catalog that is opened quickly."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from pydantic import BaseModel

from kedro_nas.framework.command_catalog import CommandCatalog, open_catalog


class Section(BaseModel):
    """A section of options, as Kedro builds it from the annotation of a node."""

    finalists: int = 5


@pytest.mark.parametrize(
    "value", [{"a": {"b": [1]}}, [1, {"c": 2}], "x", 3, 0.5, True, None, Section()]
)
def test_parameters_are_held_as_kedro_holds_them(value: Any) -> None:
    """The value and the way of copying are those of Kedro's own catalog."""
    ours, theirs = CommandCatalog(), DataCatalog()
    ours["params:x"] = theirs["params:x"] = value

    assert ours.load("params:x") == theirs.load("params:x") == value
    assert (ours.load("params:x") is value) == (theirs.load("params:x") is value)


def test_parameter_that_is_changed_stays_as_it_was() -> None:
    """What is loaded is a copy."""
    catalog = CommandCatalog()
    catalog["params:x"] = {"a": [1]}
    catalog.load("params:x")["a"].append(2)

    assert catalog.load("params:x") == {"a": [1]}


def test_data_and_datasets_are_left_to_kedro() -> None:
    """An array is copied, a dataset is added as it is."""
    catalog, dataset = CommandCatalog(), MemoryDataset("kept")
    values = np.arange(3)
    catalog["array"], catalog["dataset"] = values, dataset
    values[0] = 9

    assert catalog.load("array").tolist() == [0, 1, 2]
    assert catalog.get("dataset") is dataset


def test_open_catalog_lets_the_context_of_the_project_make_it() -> None:
    """A context of the project's own, and hooks, have their say."""
    made = CommandCatalog()
    asked: list[Any] = []
    context = SimpleNamespace(_get_catalog=lambda kind: asked.append(kind) or made)

    assert open_catalog(context) is made
    assert asked == [CommandCatalog]


def test_catalog_of_parameters_imports_no_pandas() -> None:
    """Each command waited for that import."""
    program = (
        "import sys\n"
        "from kedro_nas.framework.command_catalog import CommandCatalog\n"
        "CommandCatalog()['params:x'] = {'a': 1}\n"
        "assert 'pandas' not in sys.modules\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
