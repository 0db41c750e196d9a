"""Who is compared: the finalists and the baseline, as they were trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kedro_nas.errors import RankingError
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.records.search import Finalist, SearchResult
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.flip_choice import with_flips
from kedro_nas.training.tasks import Task


def invite(result: SearchResult, baseline: str) -> tuple[Finalist, ...]:
    """Return the contestants as asked, with their custom blocks registered.

    Args:
        result: Of the search, which made the baseline.
        baseline: `nas.job.baseline`.

    Raises:
        RankingError: The finalists were chosen with another baseline.
        SearchSpaceError: A custom block has changed since the search: folds in the
            journal are those of the old block, the final training would not be.
    """
    contestants = result.finalists if baseline != "none" else result.networks
    hand_built = {"auto", "none"}  # the search makes the same network for both
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


def full_epochs(result: SearchResult) -> int:
    """Return the epochs of a network that is trained to the end.

    The median best epoch of the finalists that reached the top of the schedule; the
    whole schedule when none did, since its learning rate falls to zero only there.
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
    """Return the contestants a plan has room for, the baseline last.

    A baseline that the search found by itself is compared once, as the baseline.
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
    """Give each contestant the batch of its folds, for its final training as well.

    The key stays that of the finalist, which may have had a larger batch.

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


def with_flips_of(one: Architecture, result: SearchResult) -> Architecture:
    """Return a network that mirrors its training images where the data allows it.

    Without a budget in seconds, networks are trained on as the search trained them.

    Args:
        one: A finalist or the baseline.
        result: Of the search, which measured what mirroring costs.
    """
    flips = result.search.flips
    if flips is None or result.budget.plan.final_s is None:
        return one
    return one.with_recipe(augmentation=with_flips(one.recipe.augmentation, flips))
