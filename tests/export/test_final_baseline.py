"""The baseline's own final training: where it pays, and why it is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.export.fitting import FOLDS, fit, fit_all, smaller
from tests.export.writing_pool import WritingPool

from kedro_nas.export import long_fit
from kedro_nas.records.ranking import BaselineComparison
from kedro_nas.space.architecture import Architecture

SAVE_S = long_fit.SAVE_S
VALIDATION = FOLDS.model_copy(update={"scored_on": "validation"})
COMPARED = BaselineComparison(difference=0.1, sentence="", beats_baseline=True)


def test_fit_final_models_baseline_has_its_part_of_the_seconds(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """As many epochs as the winner's: seconds are divided by what an epoch costs."""
    baseline = smaller(small_architecture)
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
        (
            {"plan": VALIDATION, "against_baseline": COMPARED},
            (
                "the seconds went to the winner; "
                "the two were compared on validation images"
            ),
        ),
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
    options = {"baseline": smaller(small_architecture), **known}
    models = fit_all(small_architecture, tmp_path, left_s=300.0, **options)

    assert models.baseline is models.winner
    assert not models.record.has_baseline
    assert models.record.baseline_reason == said
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
    baseline = smaller(small_architecture)
    pool.failing = {baseline.key}
    models = fit_all(small_architecture, tmp_path, baseline=baseline, left_s=left_s)

    assert models.baseline == models.winner
    assert models.record.baseline_reason == "ValueError: planted"
    assert not models.record.has_baseline
    assert (models.record.baseline_epochs, models.record.baseline_seconds) == (0, 0.0)
