"""Tables of measured runs are written from their files, and from nothing else."""

from __future__ import annotations

import json
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
RUN = {
    "date": "2026-01-02",
    "processor": "some CPU",
    "cores": 2,
    "load_average_at_the_end": 2.0,
    "images": 1797,
    "shape": [8, 8, 1],
    "classes": 10,
    "imbalance": 1.1,
    "budget_s": 600.0,
    "seconds": {"search": 90.0, "final_training": 400.0},
    "plan": "race",
    "full_trainings": 7.25,
    "networks": 4,
    "network": "conv",
    "params": 123456,
    "epochs": 30,
    "accuracy": 0.5,
    "interval": [0.4, 0.6],
    "balanced_accuracy": 0.45,
    "macro_f1": 0.44,
    "test_images": 360,
    "latency_ms": 1.23,
    "against_baseline": "",
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with pages and results of its own."""
    spec = spec_from_file_location("record_run", ROOT / "examples" / "record_run.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("GALLERY", "BUDGETS"):
        page = shutil.copy(getattr(module, name), tmp_path)
        monkeypatch.setattr(module, name, Path(page))
    monkeypatch.setattr(module, "RESULTS", tmp_path / "jobs")
    return module


def _write(script: ModuleType, **runs: dict[str, Any]) -> None:
    script.RESULTS.mkdir(exist_ok=True)
    for name, run in runs.items():
        (script.RESULTS / f"{name}.json").write_text(json.dumps(run))


def test_main_fills_the_tables_of_the_runs_that_were_recorded(
    script: ModuleType,
) -> None:
    """A run is a table in the gallery and a row of the budgets; others are left."""

    def clothing() -> str:
        rest = script.GALLERY.read_text().partition("<!-- run clothing -->\n")[2]
        return str(rest.partition("<!-- end of run clothing -->")[0])

    before = clothing()
    _write(script, digits=RUN)
    script.main([])
    gallery, budgets = script.GALLERY.read_text(), script.BUDGETS.read_text()

    assert "| network | conv: 123,456 parameters, 30 epochs, one image in" in gallery
    assert "0.500 (95 %: 0.400 to 0.600), 360 images" in gallery
    assert "| digits | 1,797 of 8 x 8, 10 | 10 | 2 cores | 7.2, race |" in budgets
    assert clothing() == before


def test_main_again_changes_nothing(script: ModuleType) -> None:
    """Tables are replaced, not added."""
    _write(script, digits=RUN, clothing=RUN)
    script.main([])
    before = script.GALLERY.read_text(), script.BUDGETS.read_text()
    script.main([])

    assert (script.GALLERY.read_text(), script.BUDGETS.read_text()) == before


def test_pages_show_what_the_results_hold(script: ModuleType) -> None:
    """A figure on a page comes from a file in benchmarks/results/jobs."""
    pages = [script.GALLERY, script.BUDGETS]
    before = [page.read_text() for page in pages]
    shutil.copytree(ROOT / "benchmarks" / "results" / "jobs", script.RESULTS)
    script.main([])

    assert [page.read_text() for page in pages] == before


@pytest.mark.parametrize("environment", ["clothing", "digits"])
def test_environments_of_the_gallery_have_folders_of_their_own(
    environment: str,
) -> None:
    """A run of one leaves the results of the others alone, and sets a budget only."""
    folder = ROOT / "conf" / environment
    parameters = yaml.safe_load((folder / "parameters_nas.yml").read_text())
    names = yaml.safe_load((folder / "globals.yml").read_text())

    assert parameters == {"nas": {"budget_s": 600}}
    assert names == {"nas_folder": f"nas_{environment}"}
