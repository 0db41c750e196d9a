"""`kedro nas show`: leaderboard, winner and its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.ledgers import NETWORK

from kedro_nas.framework.commands.show import (
    _PLACEHOLDER,
    RunResults,
    _source,
    _text,
    columns_of,
)
from kedro_nas.models.source import write_source
from kedro_nas.records.job import JobResults


@pytest.mark.parametrize("is_same", [True, False])
def test_source_is_that_of_the_trained_model_or_says_it_is_not(
    tmp_path: Path, *, is_same: bool
) -> None:
    """The normalisation of the exported model is shown; else it is a placeholder."""
    exported = NETWORK if is_same else NETWORK.with_recipe(learning_rate=0.5)
    described = {"architecture": exported.to_dict()}
    (tmp_path / "architecture.json").write_text(json.dumps(described))
    (tmp_path / "network.py").write_text("as trained")
    code = _source(NETWORK, tmp_path)

    expected = "as trained" if is_same else _PLACEHOLDER + write_source(NETWORK)
    assert code == expected
    assert _source(NETWORK, None).startswith("# Mean")


@pytest.mark.parametrize("has_test", [True, False])
def test_text_has_the_leaderboard_the_winner_and_the_test(
    results: JobResults, *, has_test: bool
) -> None:
    """The test is shown once the export stage has read it."""
    best = results.best_architecture
    metrics = results.test_metrics if has_test else None
    text = _text(RunResults("nas", results.ranking, best, metrics))

    assert text.splitlines()[0].split()[:2] == ["rank", "CV"]
    assert f"Winner: {best.name}\n{best.sentence}" in text
    assert (f"on {results.test_metrics.n_images} images" in text) is has_test


@pytest.mark.parametrize(
    ("scored_on", "heading"), [("folds", "CV mean"), ("validation", "on validation")]
)
def test_columns_name_the_mean_by_what_it_is_over(
    results: JobResults, scored_on: str, heading: str
) -> None:
    """No cross-validation is claimed where none was trained."""
    best = results.best_architecture
    plan = best.plan.model_copy(update={"scored_on": scored_on})

    assert columns_of(best.model_copy(update={"plan": plan}))["cv_mean"] == heading
