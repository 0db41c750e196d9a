"""The baseline beside the winner, seeds, failures: what a final training leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.export.final_fits import SAVE_S, VALIDATION, fit, fit_all, use_pool
from tests.export.writing_pool import WritingPool

from kedro_nas.errors import TrainingError
from kedro_nas.space.architecture import Architecture


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> WritingPool:
    """Fit on a pool that trains nothing."""
    return use_pool(monkeypatch)


def _smaller(architecture: Architecture) -> Architecture:
    """Make a baseline with about a quarter of the multiply-adds."""
    stages = tuple(s.model_copy(update={"width": 4}) for s in architecture.stages)
    return architecture.model_copy(update={"stages": stages})


def test_fit_final_models_baseline_has_its_part_of_the_seconds(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """As many epochs as the winner's: seconds are divided by what an epoch costs."""
    baseline = _smaller(small_architecture)
    models = fit_all(small_architecture, tmp_path, baseline=baseline, left_s=300.0)
    winner_s, end_s = (task.train_s for task in pool.tasks)

    assert [task.architecture for task in pool.tasks] == [small_architecture, baseline]
    assert end_s == 300.0
    assert 200 < winner_s < 300
    assert models.record.has_baseline
    assert models.record.baseline_epochs > 0
    assert models.record.baseline_seconds == 1.0
    assert pool.granted == pytest.approx([winner_s - SAVE_S, 300 - SAVE_S], abs=3)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"plan": VALIDATION}, "the seconds went to the winner"),
        ({"is_baseline": True}, "the baseline itself was chosen"),
        ({"baseline": None}, "not wanted"),
    ],
)
def test_fit_final_models_without_seconds_for_the_baseline_says_why(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    known: dict[str, Any],
    said: str,
) -> None:
    """All seconds are the winner's, and the record tells why there is no other."""
    options = {"baseline": _smaller(small_architecture), **known}
    models = fit_all(small_architecture, tmp_path, left_s=300.0, **options)

    assert models.baseline is models.winner
    assert not models.record.has_baseline
    assert models.record.baseline_reason.startswith(said)
    assert (models.record.baseline_epochs, models.record.baseline_seconds) == (0, 0.0)
    assert [task.train_s for task in pool.tasks] == [300.0]


def test_fit_final_models_baseline_as_slow_as_the_winner_is_left_out(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """It would take half of what makes the winner good."""
    baseline = small_architecture.with_recipe(learning_rate=1e-3)
    _, record = fit(small_architecture, tmp_path, baseline=baseline, left_s=300.0)

    assert record.baseline_reason.startswith("its training would take more than half")
    assert len(pool.tasks) == 1


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_baseline_that_fails_costs_no_winner(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    left_s: float | None,
) -> None:
    """The reason is kept; the winner's model stands in for the baseline's."""
    baseline = _smaller(small_architecture)
    pool.failing = {baseline.key}
    models = fit_all(small_architecture, tmp_path, baseline=baseline, left_s=left_s)

    assert models.baseline == models.winner
    assert models.record.baseline_reason == "ValueError: planted"
    assert not models.record.has_baseline
    assert (models.record.baseline_epochs, models.record.baseline_seconds) == (0, 0.0)


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_winner_that_fails_is_an_error(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    left_s: float | None,
) -> None:
    """Without a winner there is nothing to export, and the reason is said."""
    pool.failing = {small_architecture.key}

    with pytest.raises(TrainingError, match="ValueError: planted"):
        fit(small_architecture, tmp_path, left_s=left_s)


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_of_several_seeds_takes_the_lowest_loss(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    left_s: float | None,
) -> None:
    """No row is left to choose by; all seeds are named."""
    pool.losses = {f"{small_architecture.key}-1": 0.5}
    options = {"left_s": left_s, "export": {"seeds": 3}}
    model, record = fit(small_architecture, tmp_path, **options)
    seeds = [task.seed for task in pool.tasks]

    assert f"seed {seeds[1]}," in model
    assert record.train_loss[-1] == 0.5
    assert record.seeds == tuple(seeds)
    assert len(set(seeds)) == 3
    if left_s:
        assert [task.train_s for task in pool.tasks] == [100.0, 200.0, 300.0]


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_leaves_models_and_no_checkpoint(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    left_s: float | None,
) -> None:
    """States are of use to a killed training only."""
    baseline = _smaller(small_architecture)
    fit(small_architecture, tmp_path, baseline=baseline, left_s=left_s)

    assert list((tmp_path / "final").glob("*.npz")) == []
    assert len(list((tmp_path / "final").glob("*.keras"))) == 2
