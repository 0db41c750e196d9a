"""`kedro_nas.framework.hints`: each error of Kedro's that our users meet has advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas import create_pipeline
from kedro_nas.framework import hints, registered


class ParserError(Exception):
    """Stands in for Kedro's error of that name."""


class MissingConfigException(Exception):  # noqa: N818 - Kedro's name
    """Stands in for Kedro's error of that name."""


class DatasetError(Exception):
    """Stands in for Kedro's error of that name."""


class MlflowException(Exception):  # noqa: N818 - MLflow's name
    """Stands in for MLflow's error of that name."""


ERRORS = [
    (
        MissingConfigException("is not a valid directory: /my p/conf/local"),
        "mkdir -p '/my p/conf/local'",
    ),
    (ParserError("in conf/base/parameters_nas.yml"), "conf/base/parameters_nas.yml is"),
    (TypeError("Cannot merge incompatible container types"), "`ranking: {folds: 3}`"),
    (
        ValueError("Duplicate keys found in a/b.yml and a/c_nas.yml: nas.seed"),
        "Remove it from one of them",
    ),
    (
        ValueError("Duplicate keys found in a/catalog.yml and a/b_nas.yml: images"),
        "Remove it from one of them",
    ),
    (
        ValueError("Duplicate keys found in a/b_nas.yml and a/catalog.yml: images"),
        "Remove it from one of them",
    ),
    (
        AttributeError("they cannot be used with multiprocessing: \n['nas.workspace']"),
        "SequentialRunner",
    ),
    (
        MlflowException("The filesystem tracking backend (e.g., './mlruns') is old"),
        "mlflow_tracking_uri: sqlite:///mlflow.db",
    ),
    (
        DatasetError(
            "ImagesDataset.__init__() got an unexpected keyword argument 'pth'.\n"
            "valid for 'kedro_nas.datasets.images_dataset.ImagesDataset'."
        ),
        "ImagesDataset takes path, source, ",
    ),
    (
        DatasetError("Dataset 'ImageDataset' not found in 'kedro_nas.datasets'."),
        "ImagesDataset, KerasModelDataset",
    ),
]


@pytest.mark.parametrize(("error", "advice"), ERRORS, ids=lambda v: type(v).__name__)
def test_hint_for_an_error_users_meet_says_what_to_do(
    error: Exception, advice: str
) -> None:
    """The advice names what the error named."""
    said = hints.hint_for(error)

    assert said is not None
    assert advice in said


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("conf/base/catalog_nas.yml", "kedro nas init --update`"),
        (
            "conf/base/parameters_my_team_nas.yml",
            "kedro nas init --update --namespace my_team.nas`",
        ),
    ],
)
def test_hint_for_a_broken_file_names_the_search_it_belongs_to(
    file: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several searches the advised command writes the one that is broken."""
    found = {
        name: create_pipeline(namespace=name, inputs={"images": "images"})
        for name in ("nas", "my_team.nas")
    }
    monkeypatch.setattr(registered, "pipelines", found)

    assert command in str(hints.hint_for(ParserError(f"Invalid YAML in {file}, line")))


def test_hint_for_an_unknown_environment_names_those_of_the_project(
    tmp_path: Path,
) -> None:
    """A misspelt `--env` is corrected; no folder of that name is wanted."""
    for name in ("base", "local", "smoke"):
        (tmp_path / name).mkdir()
    error = MissingConfigException(f"is not a valid directory: {tmp_path / 'smok'}")

    said = str(hints.hint_for(error))
    assert "The environments are base, local, smoke. Did you mean 'smoke'?" in said


def test_hint_for_a_broken_file_names_its_line(tmp_path: Path) -> None:
    """Kedro says line 1, whatever the line is."""
    file = tmp_path / "parameters_nas.yml"
    file.write_text("nas:\n\tbudget_s: 60\n")

    said = str(hints.hint_for(ParserError(f"Invalid YAML file {file}, line 1")))
    assert "is not valid YAML in line 2 (found character '\\t'" in said


def test_every_hint_is_tested() -> None:
    """A hint whose text cannot be filled in would hide the error itself."""
    said = {hints.hint_for(error) for error, _ in ERRORS}

    assert len(hints._HINTS) == len(said)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        TypeError("merge"),
        KeyError("nas"),
        ValueError("Failed to find the pipeline named 'nothere'."),
        MissingConfigException(
            "No files of YAML or JSON format found in /p/conf/base or /p/conf/local"
        ),
    ],
)
def test_hint_for_an_error_of_the_host_is_silent(error: Exception) -> None:
    """What is not ours to explain is left alone."""
    assert hints.hint_for(error) is None


REGISTRY = """
from kedro_nas import create_pipeline


def register_pipelines():
    return {"nas": create_pipeline()}
"""


@pytest.mark.parametrize(
    ("registry", "name", "advised"),
    [
        (REGISTRY, "nas", True),
        (REGISTRY, "typo", False),
        (REGISTRY.replace("kedro_nas", "theirs"), "nas", False),
    ],
)
def test_hint_for_unregistered_is_for_a_search_registered_by_hand(
    registry: str,
    name: str,
    advised: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unknown name, or a project without us, is Kedro's to explain."""
    package = f"host_{name}_{advised}".lower()
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "pipeline_registry.py").write_text(registry)
    monkeypatch.syspath_prepend(tmp_path)
    error = ImportError(f"... importing the '{package}.pipelines.{name}' module.")
    said = hints.hint_for_unregistered(error)

    assert (said is not None) is advised
    if said:
        assert "kedro nas init --update --pipeline-name nas" in said


def test_hint_for_unregistered_names_the_namespace_of_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that is written holds the search that was registered."""
    (tmp_path / "host_defects").mkdir()
    (tmp_path / "host_defects" / "__init__.py").touch()
    (tmp_path / "host_defects" / "pipeline_registry.py").write_text(
        REGISTRY.replace("_pipeline()", '_pipeline(namespace="defects.nas")')
    )
    monkeypatch.syspath_prepend(tmp_path)
    error = ImportError("... importing the 'host_defects.pipelines.nas' module.")

    assert "--namespace defects.nas --pipeline-name nas`" in str(
        hints.hint_for_unregistered(error)
    )


@pytest.mark.parametrize(
    ("source", "name", "meant"),
    [
        ("from kedro_nas import create_pipeline", "nass", "Did you mean 'nas'?"),
        ("from kedro_nas import create_pipeline", "cleaning", None),
        ("from theirs import create_pipeline", "nass", None),
    ],
)
def test_hint_for_unregistered_corrects_a_name_that_is_nearly_that_of_a_search(
    source: str,
    name: str,
    meant: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`kedro run --pipelines nass` ends in one sentence; other names are Kedro's."""
    package = f"host_{abs(hash((source, name)))}"
    folder = tmp_path / package / "pipelines" / "nas"
    folder.mkdir(parents=True)
    for place in (folder.parents[1], folder.parent):
        (place / "__init__.py").touch()
    (folder.parents[1] / "pipeline_registry.py").touch()
    (folder / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    error = ImportError(f"... importing the '{package}.pipelines.{name}' module.")

    assert hints.is_misspelt_pipeline(error) is (meant is not None)
    assert (meant or "None") in str(hints.hint_for_unregistered(error))
