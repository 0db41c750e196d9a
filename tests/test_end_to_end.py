"""The whole job through the library, on data and blocks it has not seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from tests.job import run_job

from kedro_nas.data.prepare import prepare_images
from kedro_nas.models.spaces import build_search_space, load_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.report.page import write_report
from kedro_nas.search.search import search_architectures
from kedro_nas.space.architecture import Architecture, Stage
from kedro_nas.space.registry import forget_block
from kedro_nas.training.workers.lease import end_kept_pool

pytestmark = pytest.mark.slow

PLANTED = ("raising", "not_a_number", "greedy", "hanging")
TEAM_BLOCKS = '''
"""Blocks of a team's own package: one that works, four that do not."""

import os
import time

import keras
import numpy as np

IN_A_WORKER = "KEDRO_NAS_THREADS" in os.environ


def _conv(x, filters, kernel_size, stride):
    conv = keras.layers.Conv2D(filters, kernel_size, strides=stride, padding="same")
    return conv(x)


def gated(x, *, filters, kernel_size, stride):
    value = _conv(x, filters, kernel_size, stride)
    gate = keras.layers.Activation("sigmoid")(_conv(x, filters, 1, stride))
    return keras.layers.Multiply()([value, gate])


def raising(x, *, filters, kernel_size, stride):
    if IN_A_WORKER:
        raise RuntimeError("planted in a block")
    return _conv(x, filters, kernel_size, stride)


def not_a_number(x, *, filters, kernel_size, stride):
    y = _conv(x, filters, kernel_size, stride)
    return keras.layers.Rescaling(float("nan"))(y)


def greedy(x, *, filters, kernel_size, stride):
    if IN_A_WORKER:
        np.ones(10**14)
    return _conv(x, filters, kernel_size, stride)


def hanging(x, *, filters, kernel_size, stride):
    if IN_A_WORKER:
        time.sleep(10**6)
    return _conv(x, filters, kernel_size, stride)
'''

TEAM_MODELS = '''
"""Networks of a team's own package: one that works, one that fails when trained."""

import os

import keras

layers = keras.layers


def build(input_shape, n_classes):
    return keras.Sequential([
        keras.Input(input_shape),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(n_classes, activation="softmax"),
    ])


def build_badly(input_shape, n_classes):
    if "KEDRO_NAS_THREADS" in os.environ:
        raise RuntimeError("planted in a baseline")
    return build(input_shape, n_classes)
'''
OWN_PARAMS = (16 * 9 + 16) + 4 * 16 + (8 * 8 * 16 * 10 + 10)
OWN_MACS = 8 * 8 * 16 * 9 + 8 * 8 * 16 * 10


@pytest.fixture(scope="module", autouse=True)
def _path_of_the_team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put a team's modules on the path, for this process and its workers.

    One path for all tests, so that one job takes over the workers of another.
    """
    folder = tmp_path_factory.mktemp("team")
    (folder / "team_models.py").write_text(TEAM_MODELS)
    (folder / "team_blocks.py").write_text(TEAM_BLOCKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield
    end_kept_pool()
    for name in ("team_models", "team_blocks"):
        sys.modules.pop(name, None)


@pytest.fixture
def team_package() -> Iterator[str]:
    """Give the module of a team's blocks."""
    yield "team_blocks"
    for block in PLANTED:
        forget_block(block)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    """Prepare scikit-learn's 1,797 digits of 8 x 8, values 0 to 16."""
    data = load_digits()
    store, profile = prepare_images(
        (data.images, data.target),
        DataPreparationOptions(),
        seed=0,
        workspace=tmp_path_factory.mktemp("digits"),
    )
    return store, profile.to_json()


def _whole_job(
    digits: tuple[Any, dict[str, Any]],
    workspace: Path,
    space_options: SearchSpaceOptions,
    search: SearchOptions,
    baseline: str = "auto",
) -> dict[str, Any]:
    job = run_job(
        digits,
        workspace,
        search,
        RankingOptions(budget_s=None, folds=2, repeats=1, epochs=6),
        export=ExportOptions(epochs=12, formats=("keras",)),
        space_options=space_options,
        job=JobOptions(workers=2, baseline=baseline),
    )
    report = write_report(job.results(digits[1]), ReportingOptions())
    return {
        "trials": job.trials,
        "choice": job.choice,
        "folds": job.folds,
        "ranking": job.ranking,
        "metrics": job.metrics,
        "report": report,
        "exports": job.exports,
        "source": (job.exports / "network.py").read_text(),
    }


@pytest.fixture(scope="module")
def of_a_team(
    digits: tuple[Any, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Run the whole job with a team's own block and own baseline."""
    yield _whole_job(
        digits,
        tmp_path_factory.mktemp("team") / "workspace",
        SearchSpaceOptions(
            preset="cpu",
            blocks=("gated",),
            custom_blocks={"gated": "team_blocks:gated"},
            attention=("none",),
        ),
        SearchOptions(finalists=2, max_trials=4, max_epochs=12, min_epochs=6, factor=2),
        baseline="team_models:build",
    )
    forget_block("gated")


def test_digits_whole_job_in_small_data_mode_with_a_teams_block(
    digits: tuple[Any, dict[str, Any]], of_a_team: dict[str, Any]
) -> None:
    """1,797 arrays of 8 x 8 become a report that names a block from outside."""
    _, profile = digits

    assert profile["verdict"]["mode"] == "small_data"
    assert set(of_a_team["trials"]["status"]) == {"completed"}
    assert of_a_team["trials"]["family"].str.contains("gated").all()
    assert "gated" in of_a_team["report"].html
    assert of_a_team["choice"].is_baseline or "gated" in of_a_team["source"]
    assert of_a_team["metrics"].accuracy > 0.8
    assert of_a_team["metrics"].reads == 1


SMALL_SPACE = SearchSpaceOptions(preset="cpu", blocks=("conv",), attention=("none",))
TWO_TRIALS = SearchOptions(
    finalists=2, max_trials=2, max_epochs=6, min_epochs=6, factor=2
)


def test_ranking_own_network_is_a_baseline_like_ours(
    of_a_team: dict[str, Any],
) -> None:
    """A team's network is trained on the same folds and shown in each comparison."""
    folds, table = of_a_team["folds"], of_a_team["ranking"]
    metrics = of_a_team["metrics"]
    row = table[table["is_baseline"]].iloc[0]

    assert set(folds["status"]) == {"completed"}
    assert folds.groupby("key")["epochs"].unique().map(tuple).nunique() == 1
    assert (row["name"], row["params"], row["macs"]) == (
        "custom model team_models:build",
        OWN_PARAMS,
        OWN_MACS,
    )
    assert row["cv_mean"] > 0.8
    assert metrics.baseline.accuracy > 0.8
    assert of_a_team["choice"].is_baseline or metrics.mcnemar is not None
    assert metrics.baseline.latency_s_p90 > 0
    assert "custom model team_models:build" in of_a_team["report"].html
    assert "Against the baseline" in of_a_team["report"].html


def test_ranking_own_network_that_fails_in_training_is_rows_with_its_reason(
    digits: tuple[Any, dict[str, Any]], tmp_path: Path
) -> None:
    """The job ends with a winner, and the report says why there is no comparison."""
    done = _whole_job(
        digits, tmp_path / "w", SMALL_SPACE, TWO_TRIALS, "team_models:build_badly"
    )

    failed = done["folds"][done["folds"]["is_baseline"]]
    assert set(failed["status"]) == {"failed"}
    assert failed["reason"].str.contains("planted in a baseline").all()
    assert not done["choice"].is_baseline
    assert done["metrics"].accuracy > 0.8
    assert done["metrics"].baseline is None
    assert "planted in a baseline" in done["metrics"].baseline_reason
    assert "planted in a baseline" in done["report"].html


def test_whole_job_on_noise_ends_at_chance_and_says_so(tmp_path: Path) -> None:
    """Random pixels with random labels: no part of the job lets the test leak."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (600, 8, 8, 1), dtype=np.uint8)
    store, profile = prepare_images(
        (pixels, rng.integers(0, 4, 600)),
        DataPreparationOptions(),
        seed=0,
        workspace=tmp_path / "data",
    )

    done = _whole_job(
        (store, profile.to_json()),
        tmp_path / "w",
        SMALL_SPACE,
        SearchOptions(finalists=2, max_trials=4, max_epochs=6, min_epochs=3, factor=2),
    )

    metrics = done["metrics"]
    assert metrics.ci_low <= 0.25 <= metrics.ci_high
    assert not metrics.beats_chance
    assert "No better than chance" in done["report"].html
    against = done["choice"].against_baseline
    assert against is None or not against.beats_baseline


def test_search_planted_failures_are_rows_with_reasons_and_there_is_a_winner(
    digits: tuple[Any, dict[str, Any]], tmp_path: Path, team_package: str
) -> None:
    """One that raises, one that is NaN, one too large, one that hangs: four rows."""
    store, profile = digits
    options = SearchSpaceOptions(
        preset="cpu",
        blocks=("conv", *PLANTED),
        custom_blocks={name: f"{team_package}:{name}" for name in PLANTED},
        attention=("none",),
    )
    space = build_search_space(options, DatasetProfile.read(profile).facts, seed=0)
    good = space.anchors[0]
    planted = [
        _with_first_block(good, name, f"{team_package}:{name}") for name in PLANTED
    ]
    fixed = space.model_copy(update={"anchors": (good, *planted)})
    trials, found = search_architectures(
        store,
        fixed,
        DatasetProfile.read(profile),
        tmp_path / "workspace",
        SearchOptions(finalists=1, max_trials=5, max_epochs=9, min_steps=1),
        JobOptions(workers=2, max_silence_s=10),
        budget_s=None,
        seed=0,
    )

    failed = trials[trials["status"] == "failed"]
    reasons = dict(
        zip(failed["family"].str.split("-").str[0], failed["reason"], strict=True)
    )
    assert "planted in a block" in reasons["raising"]
    assert (
        "not a number" in reasons["not_a_number"]
        or "not numbers" in reasons["not_a_number"]
    )
    assert reasons["greedy"].startswith("out of memory")
    assert "made no progress for 10 s" in reasons["hanging"]
    assert found.finalists[0].key == good.key
    assert load_search_space(fixed.to_dict()).custom_blocks.keys() == set(PLANTED)
    assert np.isfinite(found.finalists[0].score)


def _with_first_block(architecture: Architecture, name: str, path: str) -> Architecture:
    first, *others = architecture.stages
    stage = Stage(**{**first.model_dump(), "block": name, "options": ()})
    return architecture.model_copy(
        update={"stages": (stage, *others), "custom_blocks": ((name, path),)}
    )
