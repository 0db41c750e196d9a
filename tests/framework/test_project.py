"""`kedro_nas.framework.project`: a search of a project, as commands see it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro_datasets.json import JSONDataset

from kedro_nas import create_pipeline
from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework import project, registered
from kedro_nas.framework.project import Search
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions


def _search(given: dict[str, Any], catalog: Any = None, **names: str) -> Search:
    context = SimpleNamespace(config_loader={"parameters": given}, env=None)
    return Search("nas", context, catalog or DataCatalog(), names)


def test_options_come_from_wherever_the_host_keeps_them() -> None:
    """A section, the seed or the budget may be shared with another search."""
    names = {"params:job": "params:shared.job", "params:budget_s": "params:shared.s"}
    shared = {"job": {"workers": 2}, "s": 60}
    given = {
        "nas": {"seed": 3, "job": {}, "ranking": {"folds": 3}},
        "shared": shared,
    }
    search = Search(
        "nas",
        SimpleNamespace(config_loader={"parameters": given}, env=None),
        DataCatalog(),
        names,
    )

    assert (search.seed, search.budget_s) == (3, 60.0)
    assert search.options(JobOptions, "job") == JobOptions(workers=2)
    assert search.options(RankingOptions, "ranking") == RankingOptions(folds=3)
    assert search.parameter("job") == "shared.job"
    assert search.parameter("search") == "nas.search"


def test_options_of_a_host_without_any_are_the_defaults() -> None:
    """Preflight says what is missing; reading does not fail."""
    search = _search({})

    assert search.options(JobOptions, "job") == JobOptions()
    assert (search.seed, search.budget_s) == (0, None)


def test_options_of_a_wrong_section_name_it_as_the_host_does() -> None:
    """The message names the section that the host has to correct."""
    search = _search({"shared": {"workers": "x"}}, **{"params:job": "params:shared"})

    with pytest.raises(ParameterError, match=r"'shared' are not valid.*workers"):
        search.options(JobOptions, "job")


def test_name_of_a_dataset_is_the_hosts() -> None:
    """An output that the host renamed is found under its name."""
    search = _search({}, model="classifier")

    assert search.name("model") == "classifier"
    assert search.name("trials") == "nas.trials"


def test_load_of_what_was_never_written_names_the_command(tmp_path: Path) -> None:
    """Who looks too early learns what to run."""
    dataset = JSONDataset(filepath=str(tmp_path / "finalists.json"))
    search = _search({}, DataCatalog({"nas.finalists": dataset}))

    with pytest.raises(DataError, match=r"--to-outputs nas\.finalists"):
        search.load("finalists")
    assert search.load_if_there("finalists") is None
    dataset.save({"n": 3})
    assert search.load("finalists") == search.load_if_there("finalists") == {"n": 3}


@pytest.mark.parametrize(
    "catalog", [DataCatalog(), DataCatalog({"nas.model": MemoryDataset(1)})]
)
def test_place_of_what_is_kept_nowhere_is_an_error(catalog: Any) -> None:
    """An entry without a path has no place to show."""
    with pytest.raises(DataError, match=r"'nas\.model' is kept nowhere"):
        _search({}, catalog).place("model")


def test_load_images_without_an_entry_says_what_to_add() -> None:
    """The images are the host's own dataset."""
    with pytest.raises(DataError, match="the images 'photos' cannot be read"):
        _search({}, images="photos").load_images()


@pytest.mark.parametrize(
    ("namespaces", "asked", "said"),
    [
        ((), None, "no architecture search"),
        (("a.nas", "b.nas"), None, "no --namespace"),
        (("a.nas",), "c.nas", "--namespace c.nas"),
    ],
)
def test_choose_of_an_unclear_search_names_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
    namespaces: tuple[str, ...],
    asked: str | None,
    said: str,
) -> None:
    """One search is meant without being named; of several none is."""
    found = {name: create_pipeline(namespace=name) for name in namespaces}
    monkeypatch.setattr(registered, "pipelines", found)

    with pytest.raises(ParameterError, match=said) as raised:
        project._choose(asked)
    assert all(name in str(raised.value) for name in namespaces)


def test_choose_of_the_only_search_needs_no_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Most projects have one."""
    pipelines = {"team": create_pipeline(namespace="a.nas")}
    monkeypatch.setattr(registered, "pipelines", pipelines)

    assert project._choose(None) == project._choose("a.nas") == "a.nas"
