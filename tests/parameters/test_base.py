"""`kedro_nas.parameters.base`: what is not an option is told with the way on."""

from __future__ import annotations

import importlib

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.base import GONE, MOVED, Options, what_became_of
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.stages import NUMBERS, SECTIONS


def _model(section: str) -> type[Options]:
    module = importlib.import_module(f"kedro_nas.parameters.{section}")
    name = "".join(word.title() for word in section.split("_")) + "Options"
    model: type[Options] = getattr(module, name)
    return model


@pytest.mark.parametrize("section", SECTIONS)
def test_sections_have_a_model_that_knows_its_section(section: str) -> None:
    """An option that moved is looked for by section, wherever a host keeps that."""
    assert _model(section).section == section


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_moved_options_are_gone_there_and_are_options_here(old: str, new: str) -> None:
    """The table leads from what is no option any more to what is one."""
    section, option = old.split(".")
    root, *place = new.split(".")

    assert option not in _model(section).model_fields
    assert root == "nas"
    if len(place) == 1:
        assert place[0] in NUMBERS
    else:
        assert place[1] in _model(place[0]).model_fields


@pytest.mark.parametrize("old", GONE)
def test_gone_options_are_no_options(old: str) -> None:
    """What is said to be gone is refused."""
    section, option = old.split(".")

    assert option not in _model(section).model_fields


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"workers": 2}, "workers: moved to nas.job.workers"),
        ({"reserved_share": 0.4}, "reserved_share: gone, each stage has its share"),
        ({"bugdet_s": 3}, "bugdet_s: unknown, did you mean 'budget_s'?"),
        ({"zzz": 3}, "zzz: unknown. Allowed"),
    ],
)
@pytest.mark.parametrize("where", ["nas.search", "shared.quick"])
def test_parse_of_an_unknown_option_names_the_way_on(
    given: dict[str, object], said: str, where: str
) -> None:
    """A file of an earlier version says what to change, and a typo what was meant."""
    with pytest.raises(ParameterError) as raised:
        SearchOptions.parse(given, where=where)

    assert said in str(raised.value)
    assert f"'{where}'" in str(raised.value)


def test_parse_names_all_faults_at_once() -> None:
    """One run is enough to learn of every mistake, nested ones included."""
    given = {"title": "", "costs": {"curency": "EUR", "devices": 0}}

    with pytest.raises(ParameterError) as raised:
        ReportingOptions.parse(given, where="nas.reporting")

    for said in ("title=''", "costs.curency: unknown, did you mean 'currency'"):
        assert said in str(raised.value)
    assert "costs.devices=0" in str(raised.value)


@pytest.mark.parametrize("given", [None, {}, SearchOptions()])
def test_parse_of_nothing_gives_the_defaults(given: object) -> None:
    """Kedro may hand over a mapping, a model, or nothing."""
    assert SearchOptions.parse(given, where="nas.search") == SearchOptions()


def test_parse_of_a_value_of_no_allowed_form_is_one_fault() -> None:
    """A number or `auto`: the option is named once, without the words of pydantic."""
    with pytest.raises(ParameterError) as raised:
        SearchOptions.parse({"budget_s": "long"}, where="nas.search")

    said = str(raised.value)
    assert "Received: budget_s='long'. " in said
    assert "Allowed: budget_s: a number or 'auto'. " in said


@pytest.mark.parametrize(
    ("section", "given", "received", "allowed"),
    [
        ("job", {"workers": 0}, "workers=0", "workers: at least 1, or 'auto'"),
        ("data_preparation", {"test_share": 20}, "test_share=20", "below 1"),
        (
            "data_preparation",
            {"image_size": 9000},
            "image_size=(9000, 9000)",
            "image_size: 'native' or 'auto' or at most 4096",
        ),
        ("export", {"formats": "onnx"}, "formats='onnx'", "formats: a list"),
        ("export", {"seeds": "x"}, "seeds='x'", "seeds: an integer"),
        (
            "search",
            {"min_epochs": 9, "max_epochs": 3},
            "{'min_epochs': 9, 'max_epochs': 3}",
            "max_epochs must be at least min_epochs",
        ),
    ],
)
def test_parse_of_a_wrong_value_says_what_that_option_allows(
    section: str, given: dict[str, object], received: str, allowed: str
) -> None:
    """The range of that option, not the names of all others."""
    with pytest.raises(ParameterError) as raised:
        _model(section).parse(given, where=f"nas.{section}")

    assert raised.value.received == received
    assert raised.value.allowed.endswith(allowed)


def test_what_became_of_a_known_option_is_nothing() -> None:
    """Only options of earlier versions have become something."""
    assert what_became_of("search", "budget_s") is None
    assert what_became_of("job", "workers") is None
