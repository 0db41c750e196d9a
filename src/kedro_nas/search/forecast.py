"""What a run will take, from a few steps of training measured on this machine."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kedro_nas.accounting.job_budget import search_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.ladder import Ladder, Limits, make_ladder, make_limits
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.survey import seconds_per_epoch

_DRAWS = 60  # architectures whose estimated speed is averaged
_STEPS = 3  # measured after one that is not, which allocates


@dataclass(frozen=True)
class NetworkTiming:
    """One network, timed on one worker's threads.

    Attributes:
        start_s: Seconds to import what training needs, as each worker does.
        build_s: Seconds to build it and trace its graphs.
        step_s: Seconds of one gradient step.
        memory_mb: Peak of this process, MiB.
    """

    start_s: float
    build_s: float
    step_s: float
    memory_mb: float


def measure_network(
    store: ImageStore,
    architecture: Architecture,
    verdict: dict[str, Any],
    options: SearchOptions,
) -> NetworkTiming:
    """Build a network and time a few gradient steps; nothing of it is kept.

    Args:
        store: Prepared images; only training rows are read.
        architecture: The network, usually candidate 0.
        verdict: Of the dataset profile.
        options: Of the search.
    """
    started = time.monotonic()
    from kedro_nas.training.device import prepare_device
    from kedro_nas.training.pixels import development_pixels
    from kedro_nas.training.tasks import Task
    from kedro_nas.training.unit import make_learner

    prepare_device(options.threads_per_worker)
    task = Task(
        task_id="check",
        architecture=architecture,
        store=str(store.path),
        rows="search",
        epochs=1,
        schedule_epochs=1,
        seed=0,
        bn_momentum=verdict["bn_momentum"],
        class_weights=verdict["class_weights"],
        max_resident_mb=options.max_resident_mb,
    )
    began = time.monotonic()
    pixels = development_pixels(str(store.path), store.fingerprint, 1024)
    train = store.rows("train")
    learner = make_learner(task, store, pixels)
    built = time.monotonic()
    batch = min(architecture.recipe.batch_size, len(train))
    positions = np.resize(pixels.positions(train), (_STEPS, batch))
    rates = np.full((_STEPS, 2), 1e-3, np.float32)  # of new and pretrained weights
    learner.train_epoch(positions[:1], rates[:1], seed=0)
    warm = time.monotonic()
    learner.train_epoch(positions, rates, seed=0)
    step_s = (time.monotonic() - warm) / _STEPS
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return NetworkTiming(began - started, built - began, step_s, memory)


def forecast(
    store: ImageStore,
    space: SearchSpace,
    verdict: dict[str, Any],
    options: SearchOptions,
    ranking: RankingOptions,
    measured: NetworkTiming,
    *,
    workers: int,
    seed: int,
) -> dict[str, Any]:
    """Predict candidates, seconds, memory and disk of the configured run.

    Args:
        store: Prepared images.
        space: The search space.
        verdict: Of the dataset profile.
        options: Of the search.
        ranking: Of the ranking.
        measured: What `measure_network` found for the space's first anchor.
        workers: Training processes.
        seed: The root seed.

    Returns:
        `architectures`, `trials`, `search_s`, `ranking_s`, `final_s`, `total_s`,
        `memory_mb`, `disk_mb`. Networks differ by an order of magnitude in speed;
        take seconds for right within a factor of two.
    """
    anchor = space.anchors[0]
    n_train, n_dev = len(store.rows("train")), len(store.rows("dev"))
    steps = max(1, n_train // anchor.recipe.batch_size)
    epoch_s = steps * measured.step_s * _relative_cost(space, anchor, seed)
    ladder = make_ladder(options, space, n_train)
    trials = ladder.n_trials / ladder.n_architectures
    epochs = ladder.epochs_trained / ladder.n_architectures
    each_s = epochs * epoch_s + trials * measured.build_s
    budget_s = search_budget(options, spent_s=0.0)
    limits = make_limits(options, verdict["mode"])
    architectures = _architectures(ladder, limits, budget_s, each_s / workers)
    search_s = measured.start_s + architectures * each_s / workers
    if budget_s is not None:
        search_s = min(search_s, budget_s)
    top = ladder.max_epochs
    fold_s = (ranking.epochs or top) * epoch_s * n_dev / n_train + measured.build_s
    folds = (ranking.folds or verdict["n_folds"]) * (
        ranking.repeats or verdict["n_repeats"]
    )
    contestants = ranking.finalists + (ranking.baseline != "none")
    ranking_s = measured.start_s + contestants * folds * fold_s / workers
    if ranking.budget_s is not None:
        ranking_s = min(ranking_s, ranking.budget_s)
    final_s = measured.start_s + fold_s * (1 + ranking.seeds) / min(workers, 2)
    weights_mb = 12 * costs(anchor).params / 2**20  # weights and two moments
    return {
        "architectures": round(architectures),
        "trials": round(architectures * trials),
        "search_s": search_s,
        "ranking_s": ranking_s,
        "final_s": final_s,
        "total_s": search_s + ranking_s + final_s,
        "memory_mb": measured.memory_mb * (workers + 1),
        "disk_mb": 2 * _size_mb(store.path) + architectures * weights_mb,
    }


def _relative_cost(space: SearchSpace, anchor: Architecture, seed: int) -> float:
    """Return how much slower than the anchor a drawn architecture is on average."""
    rng = generator(seed, "forecast")
    drawn = [seconds_per_epoch(space.sample(rng), 1) for _ in range(_DRAWS)]
    return float(np.mean(drawn)) / seconds_per_epoch(anchor, 1)


def _architectures(
    ladder: Ladder, limits: Limits, budget_s: float | None, each_s: float
) -> float:
    """Return after how many architectures the first limit ends the search."""
    trials_each = ladder.n_trials / ladder.n_architectures
    ends = []
    if budget_s is not None:
        ends.append(budget_s / each_s)
    trials = ladder.trials_within(limits)
    if trials is not None:
        ends.append(trials / trials_each)
    return max(1.0, min(ends))


def _size_mb(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20
