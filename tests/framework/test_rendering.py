"""`kedro_nas.framework.rendering`: what `kedro nas init` writes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from kedro_nas import create_pipeline
from kedro_nas.errors import ParameterError
from kedro_nas.framework.rendering import (
    TEMPLATES,
    render_files,
    render_smoke_files,
    template,
)
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.prediction import PredictionOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.stages import SECTIONS

OPTIONS = {
    "data_preparation": DataPreparationOptions,
    "job": JobOptions,
    "search_space": SearchSpaceOptions,
    "search": SearchOptions,
    "ranking": RankingOptions,
    "export": ExportOptions,
    "reporting": ReportingOptions,
    "prediction": PredictionOptions,
}
BASE = Path(__file__).parents[2] / "conf" / "base"


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_is_the_configuration_of_this_repository(name: str) -> None:
    """What users get is what is run and tested here; test_package checks the wheel."""
    assert template(name) in {
        path.read_text() for path in BASE.parent.rglob(name.removeprefix("smoke_"))
    }


@pytest.mark.parametrize("namespace", ["nas", "defects.nas", "a.b.c"])
def test_render_files_parameters_are_those_of_this_repository(namespace: str) -> None:
    """A namespace moves the parameters and changes none."""
    files = render_files(Path("src/host"), namespace=namespace)
    (path,) = (path for path in files if path.name.startswith("parameters"))
    value = yaml.safe_load(files[path])
    for part in namespace.split("."):
        value = value[part]

    assert value == yaml.safe_load((BASE / "parameters_nas.yml").read_text())["nas"]
    assert path.name == f"parameters_{namespace.replace('.', '_')}.yml"


def test_render_files_catalog_has_each_dataset_under_its_namespace() -> None:
    """Files of two searches lie in two folders."""
    files = render_files(Path("src/host"), namespace="defects.nas", images="photos")
    (text,) = (t for p, t in files.items() if p.name.startswith("catalog"))
    entries = yaml.safe_load(text)
    pipeline = create_pipeline(namespace="defects.nas", inputs={"images": "photos"})
    datasets = {n for n in pipeline.datasets() if not n.startswith("params:")}

    assert set(entries) == datasets | {"images_new", "defects.nas.predictions"}
    assert "globals" not in text
    assert entries["defects.nas.trials"]["filepath"] == (
        "data/07_model_output/defects/nas/trials.parquet"
    )
    assert entries["photos"]["path"] == "data/01_raw/images"


def test_render_files_with_an_existing_input_adds_no_entry() -> None:
    """A dataset the host has already is not defined twice."""
    files = render_files(Path("src/host"), images="photos", is_new=False)
    (text,) = (t for p, t in files.items() if p.name.startswith("catalog"))

    assert "photos" not in yaml.safe_load(text)
    assert "images" not in yaml.safe_load(text)


def test_render_files_pipeline_is_a_drop_in() -> None:
    """The folder holds a function Kedro's find_pipelines finds."""
    files = render_files(Path("src/host"), pipeline_name="search", images="photos")
    tree = ast.parse(files[Path("src/host/pipelines/search/__init__.py")])
    names = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}

    assert names == {"create_pipeline"}


def test_render_files_preset_is_set() -> None:
    """`--preset` writes the preset where the parameters have it."""
    files = render_files(Path("src/host"), preset="mobile")
    (text,) = (t for p, t in files.items() if p.name.startswith("parameters"))

    assert yaml.safe_load(text)["nas"]["search_space"]["preset"] == "mobile"


def test_render_files_unknown_preset_lists_presets() -> None:
    """A misspelt preset is caught before anything is written."""
    with pytest.raises(ParameterError, match="mobile"):
        render_files(Path("src/host"), preset="mobil")


def test_render_files_names_entries_as_the_pipeline_does() -> None:
    """An output that a host renames keeps its entry, under the host's name."""
    files = render_files(Path("src/host"), names={"model": "classifier"})
    (text,) = (t for p, t in files.items() if p.name.startswith("catalog"))
    entries = yaml.safe_load(text)

    assert "nas.model" not in entries
    assert entries["classifier"]["filepath"] == "data/06_models/nas/model.keras"


@pytest.mark.parametrize("namespace", ["nas", "defects.nas"])
def test_render_smoke_files_are_a_whole_job_in_folders_of_its_own(
    namespace: str,
) -> None:
    """All sections are there, as Kedro may drop those of base; no file is shared."""
    smoke = render_smoke_files(namespace=namespace)
    base = render_files(Path("src/host"), namespace=namespace)
    (value,) = (yaml.safe_load(t) for p, t in smoke.items() if "parameters" in p.name)
    for part in namespace.split("."):
        value = value[part]
    small, large = (
        yaml.safe_load(next(t for p, t in files.items() if "catalog" in p.name))
        for files in (smoke, base)
    )
    places = [
        {entry.get("filepath") or entry["path"] for entry in entries.values()}
        for entries in (small, large)
    ]

    assert set(value) == {"seed", "budget_s", *SECTIONS}
    for section in SECTIONS:
        assert OPTIONS[section].parse(value[section], where=section)
    assert set(large) - set(small) == {
        "images",
        "images_new",
        f"{namespace}.device_profiles",
    }
    assert not places[0] & places[1]
