"""`kedro_nas.framework.tracking.live_tensorboard`, read back while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray
from tests.ledgers import HEAD, created, ended, epoch, started

from kedro_nas.framework.tracking.live_tensorboard import TensorBoardTrials
from kedro_nas.framework.tracking.values import trial_run
from kedro_nas.search.ledger_lines import LedgerLine
from kedro_nas.search.trial_progress import SearchProgressReader

FIRST = [*HEAD, created("a"), started("a"), epoch("a", 1, 0.25)]
REST = [epoch("a", 2, 0.5), ended("a", 0.25, 0.5)]


def _scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder)).Reload()
    if name not in events.Tags()["tensors"]:
        return []
    return [(e.step, float(make_ndarray(e.tensor_proto))) for e in events.Tensors(name)]


class Session:
    """What one process writes."""

    def __init__(self, folder: Path) -> None:
        self._trials = TensorBoardTrials(folder)
        self._reader = SearchProgressReader()
        self._trials.begin("a search")

    def read(self, lines: Sequence[LedgerLine]) -> None:
        """Tell of lines, as one look at the ledger does."""
        for trial in self._reader.add(lines):
            self._trials.track(trial, trial_run(trial.row), began=1000.0)
        self._trials.after_look(self._reader.ended_by)


def test_curve_is_there_while_its_trial_is_trained(tmp_path: Path) -> None:
    """TensorBoard, reloading, draws the line on epoch by epoch."""
    session = Session(tmp_path)
    session.read(FIRST)
    during = _scalars(tmp_path / "a", "val_accuracy")
    none = _scalars(tmp_path / "a", "score")
    session.read(REST)

    assert during == [(1, 0.25)]
    assert none == []
    assert _scalars(tmp_path / "a", "val_accuracy") == [(1, 0.25), (2, 0.5)]
    assert _scalars(tmp_path / "a", "score") == [(0, 0.5)]


def test_resumed_search_shows_no_epoch_twice(tmp_path: Path) -> None:
    """What a killed run wrote is replaced by the same and more."""
    Session(tmp_path).read(FIRST)
    Session(tmp_path).read([*FIRST, started("a", t=3.0), *REST])

    assert _scalars(tmp_path / "a", "val_accuracy") == [(1, 0.25), (2, 0.5)]
