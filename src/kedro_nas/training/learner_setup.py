"""Builds the learner of a task: network, initial weights, input normalisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import DataError, SearchSpaceError
from kedro_nas.models.pretrained import check_weights
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.inheritance import inherit_weights
from kedro_nas.training.learner import Learner
from kedro_nas.training.learner_cache import LearnerCache
from kedro_nas.training.outage import storage
from kedro_nas.training.pixels import DevelopmentPixels
from kedro_nas.training.selection import channel_statistics
from kedro_nas.training.tasks import Task
from kedro_nas.training.whitening import whiten_stem

# raised for a store that is missing, truncated or damaged: not the candidate's fault
UNREADABLE = (DataError, ValueError, KeyError, EOFError)


def make_learner(
    task: Task,
    store: ImageStore,
    pixels: DevelopmentPixels,
    fold_learners: LearnerCache | None = None,
    on_progress: Callable[[], None] = lambda: None,
    *,
    fresh: bool = True,
) -> Learner:
    """Build the learner of a task; the normalisation uses its training rows only.

    Args:
        task: What to train.
        store: Its images.
        pixels: Pixels of its development rows.
        fold_learners: Learners of earlier folds; a suitable one is restarted instead.
        on_progress: Called after each part of the work.
        fresh: Whether training begins with its first epoch: then the weights of the
            task's ancestor are wanted, if it has one.

    Raises:
        TrainingError: They are gone, or do not fit.
    """
    with storage(task.store, also=UNREADABLE):
        mean, std = channel_statistics(store, task.rows, on_progress)
    on_progress()
    seed = derive_seed(task.seed, "weights")
    learner: Learner | None = (
        None if fold_learners is None else fold_learners.take(task, store.fingerprint)
    )
    if learner is not None:
        learner.on_progress = on_progress
        learner.restart(mean=mean, std=std, seed=seed)
    else:
        _check_weights_file(task.architecture)
        learner = Learner(
            task.architecture,
            pixels,
            mean=mean,
            std=std,
            bn_momentum=task.bn_momentum,
            class_weights=task.class_weights,
            seed=seed,
            execution=task.execution,
            on_progress=on_progress,
        )
    if task.whitened_stem:
        with storage(task.store, also=UNREADABLE):
            whiten_stem(
                learner.model,
                task.architecture,
                store,
                task.rows,
                mean=mean,
                std=std,
                on_progress=on_progress,
            )
    if task.ancestor is not None and fresh:
        inherit_weights(learner.model, task.architecture, task.ancestor)
    return learner


def _check_weights_file(architecture: Architecture) -> None:
    """Raise a storage error if the file of weights is missing or has changed.

    This is no fault of the network, which can be trained once the file is back.
    """
    backbone = architecture.backbone
    if backbone is None or backbone.weights in {"imagenet", "none"}:
        return
    with storage(backbone.weights, also=(SearchSpaceError,)):
        Path(backbone.weights).open("rb").close()
        check_weights(backbone)
