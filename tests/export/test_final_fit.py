"""The final training: for epochs or for seconds, whatever was trained here before."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tests.export.fitting import fit, smaller
from tests.export.writing_pool import WritingPool

from kedro_nas.errors import TrainingError
from kedro_nas.export import long_fit
from kedro_nas.records.ranking import CrossValidationSummary
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Outcome

SAVE_S = long_fit.SAVE_S


def test_fit_final_models_again_with_other_epochs_gives_the_model_of_each(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """18, 9 and 18 epochs in one workspace: the third is the first, trained once."""
    found = [fit(small_architecture, tmp_path, epochs=epochs) for epochs in (18, 9, 18)]

    assert [model.split(",")[0] for model, _ in found] == [
        "18 epochs",
        "9 epochs",
        "18 epochs",
    ]
    assert [record.epochs for _, record in found] == [18, 9, 18]
    assert [task.epochs for task in pool.tasks] == [18, 9]


@pytest.mark.parametrize(
    ("export", "expected"),
    [({"epochs_factor": 2.5}, 10), ({"epochs": 7}, 7), ({"epochs_factor": 1}, 4)],
)
def test_fit_final_models_without_seconds_trains_for_its_epochs(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    export: dict[str, Any],
    expected: int,
) -> None:
    """So many times a full training of the search, or the epochs that were given."""
    _, record = fit(small_architecture, tmp_path, epochs=4, export=export)

    assert record.epochs == expected
    assert pool.granted == [None]
    assert pool.tasks[0].train_s is None
    assert pool.tasks[0].rows == "dev"


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_outage_is_said_and_the_same_command_goes_on(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left_s: float | None,
) -> None:
    """A full disk is no fault of the winner: with room again it is fitted."""
    full = Outage(message=os.strerror(errno.ENOSPC), errno=errno.ENOSPC)
    with monkeypatch.context() as patched:
        patched.setattr(pool, "outcome", lambda _: Outcome.of_outage(full))
        with pytest.raises(TrainingError, match="Free some space and run the same"):
            fit(small_architecture, tmp_path, left_s=left_s)
    model, record = fit(small_architecture, tmp_path, left_s=left_s)

    assert "seed" in model
    assert record.epochs > 0


@pytest.mark.parametrize("left_s", [None, 300.0])
@pytest.mark.parametrize("changes", [{"fingerprint": "two"}, {"seed": 1}])
def test_fit_final_models_of_other_data_or_seed_shares_no_file(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    changes: dict[str, Any],
    left_s: float | None,
) -> None:
    """What another run left, killed or not, is neither continued nor handed out."""
    fit(small_architecture, tmp_path, left_s=left_s)
    fit(small_architecture, tmp_path, left_s=left_s, **changes)
    one, other = pool.tasks

    assert one.checkpoint != other.checkpoint
    assert one.model_file != other.model_file


@pytest.mark.parametrize(
    ("budget_s", "left_s", "expected"),
    [
        (155.0, None, 155),
        ("auto", 70.0, 70),
        (None, 70.0, 70),
        (155.0, 70.0, 70),
        (50.0, 70.0, 50),
    ],
)
def test_fit_final_models_seconds_are_its_own_or_what_the_job_has_left(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    budget_s: Any,
    left_s: float | None,
    expected: float,
) -> None:
    """The tighter counts: as a deadline of epochs, or to be filled to the end."""
    filled = {"left_s": left_s, "export": {"budget_s": budget_s}}
    counted = {"left_s": left_s, "export": {"budget_s": budget_s, "epochs": 2}}
    fit(small_architecture, tmp_path, **filled)
    fit(small_architecture, tmp_path, **counted)

    assert pool.granted == pytest.approx([expected - SAVE_S, expected], abs=3)
    assert [task.train_s for task in pool.tasks] == [pytest.approx(expected), None]


@pytest.mark.parametrize("export", [{}, {"epochs": 2}])
def test_fit_final_models_after_a_kill_has_the_seconds_that_are_left(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    export: dict[str, Any],
) -> None:
    """100 of 155 s were spent by a session that was killed; the next one has 55."""
    options = {"left_s": 155.0, "export": export}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "wait", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit(small_architecture, tmp_path, **options)
    (clock,) = (tmp_path / "final").glob("clock-*.txt")
    clock.write_text("100.0")
    _, record = fit(small_architecture, tmp_path, **options)
    _, again = fit(small_architecture, tmp_path, **options)

    saved = 0.0 if export else SAVE_S
    assert pool.granted == pytest.approx([155 - saved, 55 - saved], abs=5)
    assert 100 <= record.seconds < 105
    assert again.seconds == pytest.approx(record.seconds, abs=0.5)


def test_fit_final_models_keeps_the_seconds_it_began_with(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A search run again for some seconds more does not let it begin anew.

    The seconds lay out the learning rates.
    """
    first, _ = fit(small_architecture, tmp_path, left_s=300.0)
    again, _ = fit(small_architecture, tmp_path, left_s=297.0)

    assert again == first
    assert [task.train_s for task in pool.tasks] == [300.0]


def test_fit_final_models_cut_is_resumable_and_kept_when_run_again(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A cut model stays, with its checkpoint; more seconds let it go on from there."""
    pool.reason = "the budget ended after 2 of 9 epochs"

    def again(budget_s: float) -> bool:
        fit(small_architecture, tmp_path, export={"epochs": 9, "budget_s": budget_s})
        return Path(pool.tasks[-1].checkpoint or "").exists()

    kept = again(155)
    (clock,) = (tmp_path / "final").glob("clock-*.txt")
    clock.write_text("156.0")
    again(155)
    trained = len(pool.tasks)
    pool.reason = ""
    kept_when_whole = again(300)

    assert (kept, kept_when_whole) == (True, False)
    assert trained == 1
    assert pool.granted[1:] == [pytest.approx(144, abs=5)]


def test_fit_final_models_too_late_fits_winner_and_baseline_once(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A stage without a second left still delivers both models, and no choice."""
    baseline = small_architecture.with_recipe(batch_size=8)
    fit(
        small_architecture,
        tmp_path,
        baseline=baseline,
        left_s=0.0,
        threads=2,
        export={"epochs": 2, "seeds": 3},
    )

    assert [task.architecture for task in pool.tasks] == [small_architecture, baseline]
    assert {task.threads for task in pool.tasks} == {2}


def test_fit_final_models_without_a_second_left_still_trains_the_winner(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Stages that took too long leave a second, not a task no worker accepts."""
    model, _ = fit(small_architecture, tmp_path, left_s=0.0)

    assert "seed" in model
    assert pool.tasks[0].train_s == 1.0
    assert type(pool.tasks[0]).model_validate(pool.tasks[0].model_dump())


@pytest.mark.parametrize("left_s", [None, 300.0])
def test_fit_final_models_out_of_memory_gives_the_model_of_half_the_batch(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    left_s: float | None,
) -> None:
    """The winner is not lost for a batch; the model is the one that was trained."""
    pool.memory = 16
    model, record = fit(small_architecture, tmp_path, left_s=left_s)

    assert model.endswith("batch 16")
    assert record.key == small_architecture.with_recipe(batch_size=16).key
    assert [task.architecture.recipe.batch_size for task in pool.tasks] == [32, 16]


def test_fit_final_models_for_seconds_after_one_for_epochs_ran_out_of_memory(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """The journal that both write to holds lines of either kind."""
    pool.memory = 16
    fit(small_architecture, tmp_path)
    model, _ = fit(small_architecture, tmp_path, left_s=300.0)

    assert model.endswith("batch 16")


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


@pytest.mark.parametrize(("chosen_after", "warns"), [(20, False), (21, True)])
def test_fit_final_models_of_too_few_epochs_warns(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    chosen_after: int,
    warns: bool,
) -> None:
    """A model trained for less than the network was chosen by is no silent result."""
    plan = CrossValidationSummary(finalists=1, folds=0, repeats=0, epochs=chosen_after)
    fit(small_architecture, tmp_path, left_s=1.0, plan=plan)
    said = [m for m in caplog.messages if "may be far worse than its score" in m]

    assert len(said) == warns


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
    baseline = smaller(small_architecture)
    fit(small_architecture, tmp_path, baseline=baseline, left_s=left_s)

    assert list((tmp_path / "final").glob("*.npz")) == []
    assert len(list((tmp_path / "final").glob("*.keras"))) == 2
