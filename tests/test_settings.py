"""Settings with which Kedro runs this repository as a project."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader

from kedro_nas import settings


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Write a base with two options, and a local value of one of them."""
    for env, text in (
        ("base", "nas:\n  seed: 0\n  search:\n    budget_s: 60\n    eta: 3\n"),
        ("local", "nas:\n  search:\n    budget_s: 5\n"),
    ):
        folder = tmp_path / env
        folder.mkdir()
        (folder / "parameters_nas.yml").write_text(text)
    return tmp_path


def test_settings_merge_one_nested_option_and_keep_the_others(conf: Path) -> None:
    """A key of conf/local replaces itself, not all of `nas:`."""
    loader = OmegaConfigLoader(str(conf), **settings.CONFIG_LOADER_ARGS)

    assert loader["parameters"]["nas"] == {
        "seed": 0,
        "search": {"budget_s": 5, "eta": 3},
    }


def test_settings_take_base_and_local_as_kedro_does(conf: Path) -> None:
    """No environment needs to be named for an ordinary run."""
    arguments = settings.CONFIG_LOADER_ARGS

    assert (arguments["base_env"], arguments["default_run_env"]) == ("base", "local")


def test_settings_quieten_one_warning_only() -> None:
    """Other warnings of a run are still shown."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        importlib.reload(settings)
        warnings.warn("register_new_resolver() is deprecated", stacklevel=1)
        warnings.warn("something else", stacklevel=1)

    assert [str(one.message) for one in caught] == ["something else"]
