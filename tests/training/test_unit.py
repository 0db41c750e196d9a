"""One unit of training: resumable to the bit, honest about failure."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError, TrainingError
from kedro_nas.space.architecture import Architecture
from kedro_nas.statistics.image_pairs import unpack_right
from kedro_nas.statistics.objectives import unpack_scores
from kedro_nas.training.checkpoints import load_checkpoint
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.unit import Unit, _save_model

pytestmark = pytest.mark.slow

MakeTask = Callable[..., Task]


def _run(task: Task, **changes: Any) -> tuple[Unit, Outcome]:
    epochs: list[Epoch] = changes.pop("epochs", [])
    options: dict[str, Any] = {
        "learner": None,
        "deadline": None,
        "on_epoch": epochs.append,
    }
    unit = Unit(task, **{**options, **changes})
    return unit, unit.run()


def _scores(outcome: Outcome) -> list[tuple[float, Any]]:
    return [(e.train_loss, e.val_loss) for e in outcome.history]


def test_unit_learns_and_says_each_epoch(make_task: MakeTask) -> None:
    """Loss falls, accuracy leaves chance, and every epoch is told."""
    epochs: list[Epoch] = []
    _, outcome = _run(make_task(epochs=30, schedule_epochs=30), epochs=epochs)

    assert outcome.status == "completed"
    assert [e.epoch for e in epochs] == list(range(1, 31))
    assert epochs[-1].train_loss < epochs[0].train_loss * 0.75
    assert outcome.score is not None
    assert outcome.score > 0.5


def test_unit_scores_the_same_share_of_each_class_whatever_the_seed(
    make_task: MakeTask,
) -> None:
    """A share of the validation images is fixed: candidates are comparable."""
    make_task = partial(make_task, checkpoint=None, epochs=1)
    units = [_run(make_task(validation_share=0.3, seed=seed))[0] for seed in (1, 2)]
    whole, outcome = _run(make_task(validation_share=1.0))
    kept, all_rows = units[0]._held_out, whole._held_out

    np.testing.assert_array_equal(kept, units[1]._held_out)
    assert set(kept) < set(all_rows)
    counts = [
        np.bincount(unit._pixels.labels[rows], minlength=10)
        for unit, rows in ((units[0], kept), (whole, all_rows))
    ]
    np.testing.assert_array_equal(counts[0], np.ceil(counts[1] * 0.3))
    assert outcome.history[0].val_images == len(all_rows)


@pytest.mark.parametrize("augmentation", ["light", "trivial+flip+cutmix"])
def test_unit_resumed_equals_never_stopped_bit_for_bit(
    make_task: MakeTask,
    small_architecture: Architecture,
    tmp_path: Path,
    augmentation: str,
) -> None:
    """Rung by rung, reloaded or kept alive, weights and scores are the same."""
    recipe = small_architecture.recipe.model_copy(update={"augmentation": augmentation})
    architecture = small_architecture.model_copy(update={"recipe": recipe})
    make_task = partial(make_task, architecture=architecture)
    whole, expected = _run(make_task(checkpoint=str(tmp_path / "whole.npz")))
    first = str(tmp_path / "first.npz")
    kept, _ = _run(make_task(epochs=2, checkpoint=first))
    second = {"epoch_start": 2, "parent": first}

    reloaded, again = _run(make_task(**second, checkpoint=str(tmp_path / "a.npz")))
    _, alive = _run(
        make_task(**second, checkpoint=str(tmp_path / "b.npz")), learner=kept.learner
    )

    assert _scores(again) == _scores(expected)
    assert _scores(alive) == _scores(expected)
    states = zip(
        whole.learner.state().values(), reloaded.learner.state().values(), strict=True
    )
    assert all(np.array_equal(a, b) for a, b in states)


@pytest.mark.parametrize("parent", ["missing", "damaged"])
@pytest.mark.parametrize("kept_alive", [False, True])
def test_unit_without_its_parents_state_is_trained_again_with_the_same_result(
    make_task: MakeTask, tmp_path: Path, parent: str, *, kept_alive: bool
) -> None:
    """A lost checkpoint costs time: scores, and what they were read from, stay."""
    share = {"validation_share": 0.5, "share_epochs": 2}
    first = tmp_path / "first.npz"
    below, _ = _run(make_task(**share, epochs=2, checkpoint=str(first)))
    task = make_task(**share, epoch_start=2, parent=str(first))
    _, expected = _run(task.model_copy(update={"checkpoint": None}))
    first.write_bytes(first.read_bytes()[:-40])
    if parent == "missing":
        first.unlink()
    _, again = _run(task, learner=below.learner if kept_alive else None)

    assert again.status == "completed"
    assert _scores(again) == _scores(expected)
    assert again.score == expected.score
    assert [e.val_images for e in again.history] == [
        e.val_images for e in expected.history
    ]
    assert again.history[0].val_images < again.history[2].val_images


def test_unit_reports_progress_within_an_epoch_and_while_predicting(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch of any length is many reports; nothing of it takes long in silence."""
    monkeypatch.setattr("kedro_nas.training.learner.CHUNK_S", 0.0)
    reports: list[float] = []
    epochs: list[int] = []
    _run(
        make_task(epochs=1, checkpoint=None),
        on_epoch=lambda _: epochs.append(len(reports)),
        on_progress=lambda: reports.append(time.monotonic()),
    )

    # 8 steps, as many batches for batch norm, one of predictions; and those of building
    assert epochs[0] >= 15


def test_unit_same_seed_same_result_other_seed_other(make_task: MakeTask) -> None:
    """The seed is the only source of chance."""
    one = _scores(_run(make_task(epochs=1, checkpoint=None))[1])
    same = _scores(_run(make_task(epochs=1, checkpoint=None))[1])
    other = _scores(_run(make_task(epochs=1, checkpoint=None, seed=4))[1])

    assert one == same
    assert one != other


def test_unit_streamed_pixels_give_the_resident_result(make_task: MakeTask) -> None:
    """Reading from the mapped file changes nothing but the memory."""
    resident = _scores(_run(make_task(epochs=1, checkpoint=None))[1])
    streamed = _run(make_task(epochs=1, checkpoint=None, max_resident_mb=0))[1]

    assert _scores(streamed) == resident


def test_unit_model_wanted_at_the_deadline_is_saved_with_what_it_has(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """A final fit out of time gives a model of at least one epoch, and says so."""
    saved = tmp_path / "model.keras"
    task = make_task(rows="dev", epochs=5000, model_file=str(saved))
    _, outcome = _run(task, deadline=time.monotonic() - 1)

    assert (outcome.status, len(outcome.history)) == ("completed", 1)
    assert outcome.reason == "the budget ended after 1 of 5000 epochs"
    assert saved.stat().st_size > 0


def test_unit_chunks_of_any_size_give_the_same_bits(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How often the clock is looked at within an epoch changes nothing, losses neither.

    With chunks of no time each step is one; with endless ones an epoch soon is.
    """
    found = []
    for chunk_s in (0.0, 1e9):
        monkeypatch.setattr("kedro_nas.training.learner.CHUNK_S", chunk_s)
        unit, outcome = _run(make_task(checkpoint=None, epochs=3))
        found.append((_scores(outcome), list(unit.learner.state().values())))

    assert found[0][0] == found[1][0]
    assert all(map(np.array_equal, found[0][1], found[1][1]))


def test_unit_deadline_stops_and_the_checkpoint_goes_on(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """A unit out of time keeps its whole epochs, and goes on from them later."""
    task = make_task(epochs=3, schedule_epochs=4)
    _run(task.model_copy(update={"epochs": 1}))
    _, stopped = _run(task, deadline=time.monotonic() - 1)

    assert stopped.status == "stopped"
    assert len(stopped.history) == 1
    loaded = load_checkpoint(tmp_path / "task.npz")
    assert loaded is not None
    assert loaded.meta.epochs == 1
    assert len(_run(task)[1].history) == 3


def test_unit_begins_anew_beside_the_checkpoint_of_another_task(
    make_task: MakeTask,
) -> None:
    """Weights of another seed are no head start, though their file has the name."""
    task = make_task(epochs=1)
    expected = _scores(_run(task.model_copy(update={"checkpoint": None}))[1])
    _run(task.model_copy(update={"seed": 4, "epochs": 2}))
    _, outcome = _run(task)

    assert _scores(outcome) == expected


def test_unit_patience_is_counted_over_the_whole_life(make_task: MakeTask) -> None:
    """A candidate whose score has not risen for `patience` epochs stops early."""
    _, outcome = _run(make_task(epochs=60, schedule_epochs=60, patience=3))

    assert outcome.early_stopped
    assert len(outcome.history) < 60
    scores = [e.val_accuracy for e in outcome.history]
    assert len(scores) - 1 - scores.index(max(scores)) == 3


def test_unit_fold_is_scored_on_its_held_out_rows_only_at_the_end(
    make_task: MakeTask, digits: tuple[ImageStore, dict[str, Any]]
) -> None:
    """A fold's rows choose nothing: no epoch has a validation score."""
    _, outcome = _run(make_task(rows="fold:0:2", checkpoint=None))

    assert all(e.val_accuracy is None for e in outcome.history)
    assert outcome.fold_scores is not None
    assert 0 <= outcome.fold_scores["accuracy"] <= 1


def test_unit_measures_what_mirroring_costs(make_task: MakeTask) -> None:
    """Digits lose their meaning in a mirror; without validation rows it is null."""
    _, outcome = _run(make_task(epochs=30, schedule_epochs=30, measures_flips=True))
    _, unscored = _run(
        make_task(rows="dev", epochs=1, checkpoint=None, measures_flips=True)
    )

    assert outcome.flip_effect is not None
    assert outcome.flip_effect.drop > 0.2
    assert not outcome.flip_effect.allows_flips
    assert unscored.flip_effect is None


def test_unit_diverging_raises_a_short_truth(
    make_task: MakeTask, small_architecture: Architecture
) -> None:
    """A loss that is not a number ends the unit with that reason."""
    recipe = small_architecture.recipe.model_copy(
        update={"learning_rate": 1e30, "optimizer": "sgd"}
    )
    broken = small_architecture.model_copy(update={"recipe": recipe})

    with pytest.raises(TrainingError, match=r"not a number|not numbers"):
        _run(make_task(architecture=broken, epochs=8))


def test_unit_class_weights_and_smoothing_change_the_loss(make_task: MakeTask) -> None:
    """Weights on classes reach the loss."""
    plain = _scores(_run(make_task(epochs=1, checkpoint=None))[1])
    weights = tuple([5.0] + [1.0] * 9)
    weighted = _run(make_task(epochs=1, checkpoint=None, class_weights=weights))[1]

    assert _scores(weighted) != plain


def test_unit_model_file_is_synced_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss of power leaves no empty file that counts as a fitted model."""
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda n: events.append("sync") or fsync(n))
    monkeypatch.setattr(
        Path, "replace", lambda a, b: events.append("rename") or replace(a, b)
    )
    model = SimpleNamespace(save=lambda path: path.write_bytes(b"weights"))
    _save_model(SimpleNamespace(portable_model=lambda: model), tmp_path / "m.keras")

    assert events == ["sync", "rename"]
    assert (tmp_path / "m.keras").read_bytes() == b"weights"


def _recomputed(unit: Unit) -> np.ndarray:
    """Predict all validation images anew, with the weights as they are now."""
    rows = unit._all_held_out
    return unit.learner.predict(rows).argmax(axis=1) == unit._pixels.labels[rows]


def test_unit_right_is_what_its_last_weights_classify_correctly(
    make_task: MakeTask,
) -> None:
    """Image by image the predictions after the last epoch, and their mean its score."""
    unit, outcome = _run(make_task(epochs=6, schedule_epochs=6))
    right = unpack_right(outcome.right or "", len(unit._all_held_out))

    np.testing.assert_array_equal(right, _recomputed(unit))
    assert right.mean() == pytest.approx(outcome.history[-1].val_accuracy)
    assert 0 < right.sum() < len(right)


@pytest.mark.parametrize(
    ("share", "share_epochs", "is_known"),
    [(0.3, None, False), (0.3, 4, False), (0.3, 3, True), (1.0, 4, True)],
)
def test_unit_right_is_known_where_all_validation_images_were_scored(
    make_task: MakeTask, share: float, share_epochs: int | None, *, is_known: bool
) -> None:
    """A share of the images cannot be compared with all of them."""
    task = make_task(validation_share=share, share_epochs=share_epochs, checkpoint=None)
    _, outcome = _run(task)

    assert (outcome.right is not None) is is_known


@pytest.mark.parametrize("rows", ["dev", "fold:0:0"])
def test_unit_right_is_of_searches_only(make_task: MakeTask, rows: str) -> None:
    """Folds have scores of their own, and a final training no images left."""
    _, outcome = _run(make_task(rows=rows, epochs=1))

    assert outcome.right is None


def test_unit_killed_after_its_last_checkpoint_knows_its_results_again(
    make_task: MakeTask,
) -> None:
    """Between the last epoch's checkpoint and the outcome nothing is trained anew."""

    class KilledError(BaseException):
        """The worker dies here."""

    def die(epoch: Epoch) -> None:
        if epoch.epoch == 4:
            raise KilledError

    _, expected = _run(make_task(checkpoint=None))
    task = make_task()
    with pytest.raises(KilledError):
        _run(task, on_epoch=die)
    epochs: list[Epoch] = []
    unit, again = _run(task, epochs=epochs)

    assert epochs == []
    assert again.right == expected.right
    assert again.score == expected.score
    np.testing.assert_array_equal(
        unpack_right(again.right or "", len(unit._all_held_out)), _recomputed(unit)
    )
    assert len(again.history) == 4


def test_unit_by_another_objective_is_scored_and_resampled(make_task: MakeTask) -> None:
    """What is maximised is the score, with what its standard error comes from."""
    make_task = partial(make_task, checkpoint=None, objective="log_loss")
    _, outcome = _run(make_task(epochs=2))
    _, fold = _run(make_task(epochs=1, rows="fold:0:1"))
    last = outcome.history[-1]

    assert last.val_loss is not None
    assert last.val_objective_score == pytest.approx(np.exp(-last.val_loss), rel=1e-5)
    assert outcome.score == pytest.approx(last.val_objective_score, rel=0.2)
    assert outcome.resampled is not None
    assert unpack_scores(outcome.resampled)[0] == pytest.approx(
        last.val_objective_score, rel=1e-5
    )
    assert fold.fold_scores is not None
    assert fold.fold_scores["objective_score"] == pytest.approx(
        np.exp(-fold.fold_scores["log_loss"])
    )
    assert fold.resampled is None


def test_unit_whose_metric_is_no_number_fails_with_its_reason(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metric that gives NaN fails the trial, and says on how many images."""
    module = ModuleType("users_metrics")
    module.nan = lambda *_: float("nan")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "users_metrics", module)
    task = make_task(checkpoint=None, epochs=1, objective="users_metrics:nan")

    with pytest.raises(RankingError, match=r"nan is not defined.*Received: nan on 64"):
        _run(task)
