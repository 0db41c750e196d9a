"""The options are shown in YAML as they are, and refuse what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.data_preparation import DataPreparationOptions

YAML = Path(__file__).parents[2] / "conf" / "base" / "parameters_nas.yml"


def test_yaml_shows_every_option_with_its_default():
    """The file a user edits says what the code would do without it."""
    shown = yaml.safe_load(YAML.read_text())["nas"]["data_preparation"]

    assert list(shown) == list(DataPreparationOptions.model_fields)
    assert DataPreparationOptions(**shown) == DataPreparationOptions()


@pytest.mark.parametrize(
    "options",
    [
        {"n_folds": 1},
        {"test_share": 0},
        {"validation_share": 1},
        {"image_size": [0, 8]},
        {"image_size": 0},
        {"image_size": True},
        {"image_size": "large"},
        {"channels": 2},
        {"fit": "squash"},
        {"max_images": 0},
        {"on_leak": "ignore"},
        {"n_repeats": "often"},
        {"max_disk_gb": -1},
        {"image_sise": "auto"},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    """A wrong value is named with what is allowed."""
    with pytest.raises(ParameterError, match=next(iter(options))):
        DataPreparationOptions.parse(options, where="nas.data_preparation")


@pytest.mark.parametrize("size", ["native", "auto", [8, 12], (8, 12)])
def test_image_size_in_all_its_forms(size):
    """A word, or height and width as YAML gives them."""
    options = DataPreparationOptions(image_size=size)

    assert options.image_size in {"native", "auto", (8, 12)}


def test_image_size_of_one_number_is_a_square():
    """`--params nas.data_preparation.image_size=32` cannot give a list."""
    options = DataPreparationOptions.parse({"image_size": 32}, where="nas.data")

    assert options.image_size == (32, 32)
    assert options == DataPreparationOptions(image_size=(32, 32))
