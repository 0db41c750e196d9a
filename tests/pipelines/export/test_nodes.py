"""`kedro_nas.pipelines.export`: the adapters."""

from __future__ import annotations

from typing import Any

import pytest

import kedro_nas.export.export as library
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.pipelines.export import create_pipeline, nodes


def test_export_pipeline_reads_the_test_after_the_exports() -> None:
    """The order of nodes is: fit, export and prove, then test."""
    names = [node.name for node in create_pipeline().nodes]

    assert names == ["fit_final_models", "export_model", "evaluate_on_test"]


@pytest.mark.parametrize("given", [{}, None, ExportOptions()])
def test_export_model_accepts_what_kedro_hands_over(
    given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapping, nothing or an instance become the same options."""
    seen: list[Any] = []
    monkeypatch.setattr(library, "export_model", lambda *args: seen.extend(args))
    nodes.export_model("model", {"name": "best"}, "store", given)

    assert seen == ["model", {"name": "best"}, "store", ExportOptions()]


def test_export_model_of_a_misspelt_option_names_the_right_one() -> None:
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'formats'"):
        nodes.export_model("model", {}, "store", {"format": ["keras"]})  # type: ignore[arg-type]


@pytest.mark.parametrize("formats", [[], ["keras", "keras"], ["onxx"]])
def test_export_options_of_no_or_repeated_formats_are_refused(formats: Any) -> None:
    """Something is exported, once."""
    with pytest.raises(ParameterError, match="formats"):
        ExportOptions.parse({"formats": formats}, where="nas.export")
