"""kedro-nas as a contestant: what is read of its run."""

from __future__ import annotations

import json
import os
import time

import contract
import pytest
from contract import Job
from kedro_nas_run import last_save, read_result

KEDRO_NAS = ("kedro-nas", "kedro", "keras", "tensorflow")


@pytest.fixture
def job(table, tmp_path):
    """Return a job of 60 s that has just begun."""
    spent = contract.BEGAN - time.monotonic()  # the seconds count from now
    return Job(table, 60.0, 0, tmp_path / "out.json", spent)


def test_last_save_is_the_newest_checkpoint(job, tmp_path):
    """Work is kept until the newest checkpoint, wherever a stage wrote it."""
    workspace = tmp_path / "workspace"
    for name, ago_s in (("search/a.npz", 8.0), ("final/b.npz", 3.0)):
        path = workspace / name
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (time.time() - ago_s,) * 2)
    later = Job(job.data, 60.0, 0, job.out, job.spent + 10.0)

    assert last_save(workspace, later) == pytest.approx(7.0, abs=0.5)


def test_last_save_without_a_checkpoint_keeps_nothing(job, tmp_path):
    """A run that was killed before its first epoch begins again."""
    assert last_save(tmp_path / "none", job) == 0.0


def test_result_is_read_from_what_the_run_wrote(job, tmp_path):
    """Accuracy, curve and seconds are those of the run's own files."""
    data = tmp_path / "data"
    files = {
        "08_reporting/nas/test_metrics.json": {"accuracy": 0.9, "params": 1000},
        "07_model_output/nas/best_architecture.json": {"name": "stem 32/2"},
        "07_model_output/nas/finalists.json": {
            "search": {
                "seconds_by_kind": {"train": 30.0}, "workers": 2, "n_trials": 6,
                "epochs_trained": 20, "incumbent": [{"seconds": 9.0, "score": 0.8}],
            }
        },
        "07_model_output/nas/final_fit.json": {"epochs": 40},
        "06_models/nas/workspace/final/fits.jsonl": {
            "outcome": {"seconds": {"train": 25.0}}
        },
    }  # fmt: skip
    for name, content in files.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(json.dumps(content) + "\n")
    found = read_result(data, job, searching_s=12.0)

    assert (found.test_accuracy, found.n_params) == (0.9, 1000)
    assert (found.trials, found.epochs) == (6, 60)
    assert found.training_s == 15.0 + 25.0
    assert found.curve == [(21.0, 0.8)]
    assert set(found.versions) == set(KEDRO_NAS)
