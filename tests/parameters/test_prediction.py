"""`kedro_nas.parameters.prediction`: which file classifies new images."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.export import FORMATS
from kedro_nas.parameters.prediction import PredictionOptions


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"format": "onyx"}, "it is none of auto, keras, saved_model"),
        ({"n_workers": 0}, "n_workers=0"),
        ({"average_flip": True}, "did you mean 'average_flips'"),
    ],
)
def test_prediction_options_out_of_range_are_named(
    wrong: dict[str, Any], said: str
) -> None:
    """Each impossible value ends in a message that names it or what is allowed."""
    with pytest.raises(ParameterError) as raised:
        PredictionOptions.parse(wrong, where="nas.prediction")

    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["auto", *FORMATS, "my_team.formats:Exporter"])
def test_prediction_takes_every_format_that_can_be_exported(name: str) -> None:
    """Whatever was exported can be used here."""
    assert PredictionOptions(format=name).format == name
