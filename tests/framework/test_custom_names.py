"""Custom code is looked up before a run."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset

from kedro_nas import create_pipeline
from kedro_nas.errors import KedroNasError
from kedro_nas.framework.custom_names import check_custom_names


def catalog(**sections: Any) -> DataCatalog:
    """Return a catalog of parameters."""
    return DataCatalog(
        {f"params:nas.{name}": MemoryDataset(value) for name, value in sections.items()}
    )


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"search": {"proposer": "randm"}}, "there is no proposer 'randm'"),
        ({"reporting": {"figures": ["a.b:c"]}}, "cannot import the figure"),
        ({"job": {"pool": "no_such.module:pool"}}, "cannot import the worker pool"),
        ({"job": {"objective": "a.b:cost"}}, "cannot import the objective"),
        (
            {"export": {"formats": ["keras", "a.b:C"]}},
            "cannot import the export format",
        ),
    ],
)
def test_check_custom_names_refuses_what_does_not_exist(
    sections: dict[str, Any], message: str
) -> None:
    """A misspelt name ends a run before it begins, not after the search."""
    with pytest.raises(KedroNasError, match=message):
        check_custom_names(create_pipeline().nodes, catalog(**sections))


def test_check_custom_names_passes_built_in_names_and_missing_sections() -> None:
    """Sections of other stages need not be there, and built-in names are known."""
    known = catalog(
        search={"proposer": "random"},
        job={"pool": "local", "objective": "macro_f1"},
        export={"formats": ["keras", "saved_model"]},
    )

    assert check_custom_names(create_pipeline().nodes, known) is None
    assert check_custom_names(create_pipeline().nodes, catalog()) is None


def test_check_custom_names_without_ray_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The images of a day are not prepared before a missing package is named."""
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(KedroNasError, match=r"pip install 'kedro-nas\[ray\]'"):
        check_custom_names(create_pipeline().nodes, catalog(job={"pool": "ray"}))


def test_check_custom_names_tells_what_a_format_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that export needs is asked for before the search."""
    monkeypatch.setattr("kedro_nas.export.formats.find_spec", {}.get)
    wanted = catalog(export={"formats": ["keras", "onnx"]})

    with pytest.raises(KedroNasError, match=r"pip install 'kedro-nas\[onnx\]'"):
        check_custom_names(create_pipeline().nodes, wanted)
