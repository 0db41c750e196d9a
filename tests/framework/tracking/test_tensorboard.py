"""`kedro_nas.framework.tracking.tensorboard`, read back by TensorBoard itself."""

from __future__ import annotations

import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from kedro_nas import create_pipeline
from kedro_nas.errors import ParameterError
from kedro_nas.framework.tracking.finished_node import FinishedNode
from kedro_nas.framework.tracking.record import Recorder
from kedro_nas.framework.tracking.tensorboard import (
    require_tensorboard,
    write_trials,
)
from kedro_nas.parameters.reporting import ReportingOptions

NODES = create_pipeline(namespace="defects.nas").nodes
REPORT = next(node for node in NODES if node.func.__name__ == "write_report")
ARCHITECTURE = json.dumps({"recipe": {"optimizer": "adamw", "learning_rate": 0.002}})
TRIALS = pd.DataFrame(
    {
        "trial_id": ["r0", "r1", "broken"],
        "name": ["small", "small", "large"],
        "family": ["conv", "conv", "residual"],
        "status": ["completed", "completed", "failed"],
        "epoch_start": [0, 2, 0],
        "started_s": [0.0, 4.0, 5.0],
        "ended_s": [3.0, 8.0, 6.0],
        "score": [0.5, 0.75, None],
        "val_accuracy_by_epoch": [[0.25, 0.5], [0.75], None],
        "architecture": [ARCHITECTURE] * 3,
    }
)


def _read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def _scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    """Give steps and values of a metric."""
    return [
        (event.step, float(make_ndarray(event.tensor_proto)))
        for event in _read(folder).Tensors(name)
    ]


def _record(recorder: Recorder, root: Path, **options: Any) -> None:
    given = dict.fromkeys(REPORT.inputs)
    given["defects.nas.trials"] = TRIALS
    given["params:defects.nas.reporting"] = ReportingOptions(**options)
    recorder.record(FinishedNode(REPORT, given), root=root)


def test_write_trials_makes_a_run_each_with_its_curve(tmp_path: Path) -> None:
    """A promoted trial's curve goes on where its parent's ended."""
    write_trials(tmp_path, TRIALS)
    ended = [_read(tmp_path / name).Tensors("score")[0] for name in ("r0", "r1")]

    assert _scalars(tmp_path / "r0", "val_accuracy") == [(1, 0.25), (2, 0.5)]
    assert _scalars(tmp_path / "r1", "val_accuracy") == [(3, 0.75)]
    assert ended[1].wall_time - ended[0].wall_time == pytest.approx(5.0, abs=0.01)


def test_write_trials_says_recipe_also_of_a_failed_trial(tmp_path: Path) -> None:
    """The tab HPARAMS compares recipes; what failed is not left out."""
    write_trials(tmp_path, TRIALS)
    content = _read(tmp_path / "broken").SummaryMetadata(
        metadata.SESSION_START_INFO_TAG
    )
    start = metadata.parse_session_start_info_plugin_data(content.plugin_data.content)

    assert start.hparams["recipe.optimizer"].string_value == "adamw"
    assert start.hparams["recipe.learning_rate"].number_value == 0.002
    assert start.hparams["family"].string_value == "residual"


def test_write_trials_again_replaces_its_own_files_only(tmp_path: Path) -> None:
    """A report written twice shows no curve twice; files of others stay."""
    theirs = tmp_path / "r0" / "events.out.tfevents.1.theirs"
    write_trials(tmp_path, TRIALS)
    theirs.write_bytes(b"")
    write_trials(tmp_path, TRIALS)

    assert theirs.exists()
    assert len(list((tmp_path / "r1").iterdir())) == 1
    assert _scalars(tmp_path / "r1", "val_accuracy") == [(3, 0.75)]


def test_record_of_the_report_writes_where_the_option_says(tmp_path: Path) -> None:
    """A relative folder begins at the project, and each search has its own."""
    _record(Recorder(), tmp_path, tensorboard="logs")

    folder = tmp_path / "logs" / "defects.nas"
    assert {place.name for place in folder.iterdir()} == {"r0", "r1", "broken"}


def test_record_without_the_option_writes_nothing(tmp_path: Path) -> None:
    """Logs are written for those who ask."""
    _record(Recorder(), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_record_of_logs_that_cannot_be_written_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or forbidden disk costs the logs, not the run."""
    (tmp_path / "logs").write_text("a file in the way")
    with caplog.at_level(logging.WARNING):
        _record(Recorder(), tmp_path, tensorboard="logs")

    assert "TensorBoard did not take all of this run" in caplog.text


@pytest.mark.parametrize("raw", [True, False])
def test_require_tensorboard_without_the_package_names_it(
    monkeypatch: pytest.MonkeyPatch, *, raw: bool
) -> None:
    """It is said before anything runs, of raw and of validated parameters."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    options = {"tensorboard": "logs"}
    value = options if raw else ReportingOptions(**options)
    name = "params:defects.nas.reporting"
    catalog = DataCatalog({name: MemoryDataset(value)})

    with pytest.raises(ParameterError, match=r"pip install 'kedro-nas\[tensorboard\]'"):
        require_tensorboard([REPORT], catalog)
    catalog = DataCatalog({name: MemoryDataset({"tensorboard": None})})
    require_tensorboard([REPORT], catalog)
