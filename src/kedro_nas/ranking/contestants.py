"""The contestants of a ranking: the finalists and the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kedro_nas.errors import RankingError
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.records.search import Finalist, SearchResult
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task


def select_contestants(result: SearchResult, baseline: str) -> tuple[Finalist, ...]:
    """Return the contestants, after registering their custom blocks.

    Args:
        result: Of the search, which built the baseline.
        baseline: `nas.job.baseline`.

    Raises:
        RankingError: The finalists were chosen with another baseline.
        SearchSpaceError: A custom block has changed since the search: folds in the
            journal used the old block, the final training would not.
    """
    contestants = result.finalists if baseline != "none" else result.networks
    hand_built = {"auto", "none"}  # the search builds the same network for both
    made = result.search.baseline
    if baseline not in ("none", made) and not {made, baseline} <= hand_built:
        raise RankingError(
            "the finalists were chosen with another baseline",
            received=f"nas.job.baseline: {baseline}, and finalists with {made}",
            allowed="the same, or none",
            remedy="Run the search stage again; what it has trained is kept",
        )
    for one in contestants:
        register_blocks_of(one.architecture)
    return contestants


def baseline_key(contestants: Mapping[str, Finalist]) -> str | None:
    """Return the key of the baseline among contestants by key, None without one."""
    return next((key for key, one in contestants.items() if one.is_baseline), None)


def full_epochs(result: SearchResult) -> int:
    """Return the number of epochs of a full training.

    The median best epoch of the finalists that reached the top rung; the whole schedule
    if none did, since only there the learning rate falls to its end.
    """
    top = result.search.max_epochs
    best = sorted(
        one.best_epoch
        for one in result.finalists
        if one.best_epoch and one.epochs == top
    )
    return best[len(best) // 2] if best else top


def within_plan(
    contestants: Sequence[Finalist], plan: CrossValidationPlan
) -> list[Finalist]:
    """Return the contestants that a plan includes, the baseline last.

    If the search also found the baseline's network, it is compared once, as baseline.
    """
    finalists = [c for c in contestants if not c.is_baseline][: plan.n_finalists]
    baselines = [c for c in contestants if c.is_baseline]
    same = {c.key for c in baselines} & {c.key for c in finalists}
    return [c for c in finalists if c.key not in same] + baselines


def as_trained(
    contestants: Sequence[Finalist],
    tasks: Sequence[Task],
    trained: Mapping[str, Task],
) -> list[Finalist]:
    """Return the contestants with the batch size their folds were trained with.

    The final training uses that batch size, too. A contestant keeps the key of the
    finalist, which may have had a larger batch.

    Args:
        contestants: As the search left them.
        tasks: As planned.
        trained: By task id, as they were trained.
    """
    networks: dict[str, Architecture] = {}
    for task in tasks:
        key, network = task.architecture.key, trained[task.task_id].architecture
        smallest = networks.setdefault(key, network)
        if network.recipe.batch_size < smallest.recipe.batch_size:
            networks[key] = network
    return [
        one.model_copy(update={"architecture": networks[one.architecture.key]})
        for one in contestants
    ]
