"""`kedro_nas.parameters.export`: the final training and the files."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.export import ExportOptions


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"formats": []}, "at least one format"),
        ({"formats": ["keras", "keras"]}, "each once"),
        ({"formats": ["coreml"]}, "'coreml' is none of keras, saved_model, litert"),
        ({"seeds": 4}, "seeds=4"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs_factor": 11}, "epochs_factor=11"),
        ({"budget_s": -1}, "budget_s"),
        ({"averaging": "always"}, "averaging='always'"),
        ({"parity_tolerance": 1}, "parity_tolerance=1"),
        ({"max_accuracy_drop_pp": -1}, "max_accuracy_drop_pp=-1"),
    ],
)
def test_export_options_out_of_range_are_named(
    wrong: dict[str, Any], said: str
) -> None:
    """Each impossible value ends in a message that names it or what is allowed."""
    with pytest.raises(ParameterError) as raised:
        ExportOptions.parse(wrong, where="nas.export")

    assert said in str(raised.value)


def test_formats_given_as_a_list_are_kept_in_order() -> None:
    """YAML gives lists; the first format named is the first written."""
    options = ExportOptions.parse({"formats": ["saved_model"]}, where="nas.export")

    assert options.formats == ("saved_model",)
