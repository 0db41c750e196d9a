"""`kedro_nas.export.by_hand`: trained and exported without another search."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.export.plain_format import write_exports
from tests.finalists import NETWORK

from kedro_nas.errors import ExportError
from kedro_nas.export import by_hand as module
from kedro_nas.export.by_hand import check_place, export_by_hand
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.export import FinalFit
from kedro_nas.records.job import JobResults

FIT = FinalFit(
    key=NETWORK.key, epochs=3, train_loss=(0.1,), seeds=(0,), has_baseline=False
)


def test_a_place_that_does_not_exist_is_free(tmp_path: Path) -> None:
    """No flag is needed for a first export."""
    assert check_place(tmp_path / "new", overwrite=False) is None


def test_exports_are_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    """The model that is in use somewhere is not lost by a slip."""
    folder = write_exports(tmp_path / "exports")

    with pytest.raises(ExportError, match="--overwrite"):
        check_place(folder, overwrite=False)
    assert check_place(folder, overwrite=True) is None


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_of_other_files_is_never_replaced(
    tmp_path: Path, *, overwrite: bool
) -> None:
    """`--output . --overwrite` does not remove a project."""
    (tmp_path / "pyproject.toml").write_text("")

    with pytest.raises(ExportError, match="no folder of exports"):
        check_place(tmp_path, overwrite=overwrite)


def _export(
    results: JobResults,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    reads_test: bool,
    keep: Any,
) -> Any:
    """Export by stages that train nothing and write the plain format."""
    models = SimpleNamespace(winner="model", baseline="model", record=FIT)
    monkeypatch.setattr(module, "fit_final_models", lambda *_: models)
    monkeypatch.setattr(
        module, "export_model", lambda *_: write_exports(tmp_path / "made")
    )
    monkeypatch.setattr(module, "evaluate_on_test", lambda *_: results.test_metrics)
    return export_by_hand(
        SimpleNamespace(),  # type: ignore[arg-type]
        results.dataset_profile,
        results.best_architecture,
        tmp_path,
        ExportOptions(),
        JobOptions(),
        0,
        reads_test=reads_test,
        keep=keep,
    )


@pytest.mark.parametrize("reads_test", [True, False])
def test_export_by_hand_reads_the_test_only_when_asked(
    results: JobResults,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    reads_test: bool,
) -> None:
    """Its results are then beside the files, and among their checksums."""
    kept = tmp_path / "kept"
    done = _export(
        results,
        monkeypatch,
        tmp_path,
        reads_test=reads_test,
        keep=lambda made: made.rename(kept),
    )
    sums = (kept / "SHA256SUMS").read_text()

    assert (done.test is not None) is reads_test
    assert (kept / "test_metrics.json").exists() is reads_test
    assert ("test_metrics.json" in sums) is reads_test
    assert {"choice.json", "final_fit.json"} <= {
        line.split()[1] for line in sums.splitlines()
    }
    choice = json.loads((kept / "choice.json").read_text())
    assert choice["key"] == results.best_architecture.key


def test_export_by_hand_leaves_nothing_behind_when_it_cannot_be_kept(
    results: JobResults, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full disk does not fill the folder for temporary files as well."""

    def refuse(_: Path) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        _export(results, monkeypatch, tmp_path, reads_test=False, keep=refuse)
    assert not (tmp_path / "made").exists()


def test_export_by_hand_looks_at_the_formats_before_it_trains(
    results: JobResults, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Minutes of training are not spent on a format that does not exist."""
    options = ExportOptions(formats=("no_such.module:Exporter",))

    with pytest.raises(ExportError, match="cannot import the export format"):
        export_by_hand(
            SimpleNamespace(),  # type: ignore[arg-type]
            results.dataset_profile,
            results.best_architecture,
            tmp_path,
            options,
            JobOptions(),
            0,
            reads_test=False,
            keep=print,
        )
