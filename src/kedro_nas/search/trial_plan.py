"""What a search trains: a race of proven networks, or Hyperband over the space."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.proposers.factories import find_proposer
from kedro_nas.records.budget import BudgetPlan
from kedro_nas.search.ancestry import Ancestry
from kedro_nas.search.delayed_proposer import DelayedProposer
from kedro_nas.search.ladder import Ladder, make_ladder, make_limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import TrialsPlanned
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.race import Race, race_epochs
from kedro_nas.search.step_speed import MeasuredSpace, measuring_s
from kedro_nas.search.stop_rule import StopRule
from kedro_nas.search.trial_schedule import TrialSchedule
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import count_macs
from kedro_nas.space.proven import MOST_PROVEN, proven_networks
from kedro_nas.space.search_space import SearchSpace

# final epochs over those of a full training; the widest network that reaches this
# factor beat narrower and wider ones at 200 s (benchmarks/payoff.py)
FINAL_EPOCHS_FACTOR = 4 / 3
# largest cost of a sampled network over the proven one; it gets fewer final epochs
DRAWN_FACTOR = 1.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialPlan:
    """The schedule of a search and what it depends on.

    Attributes:
        schedule: Decides the trials and their order.
        proven: Network keys of the proven networks sized to the budget, which do not
            change when a batch is halved for lack of memory: all of a race, the first
            of a search; empty without a budget.
        top_epochs: Epochs of a network that reaches the top rung.
        total: Trials, None where only the budget ends them.
        lag: Places behind which a proposal learns; None where nothing is learned.
    """

    schedule: TrialSchedule
    proven: tuple[str, ...]
    top_epochs: int
    total: int | None
    lag: int | None = None


def plan_trials(
    store: ImageStore,
    measured: MeasuredSpace,
    plan: BudgetPlan,
    options: SearchOptions,
    *,
    baseline: Architecture,
    mode: str,
    ledger: Ledger,
    seed: int,
) -> TrialPlan:
    """Return what a search trains; a resumed search keeps its first plan.

    Args:
        store: For the number of images.
        measured: The space, and the speed of its candidate 0.
        plan: How the job's seconds are divided.
        options: `params:nas.search`.
        baseline: Baseline network, which takes part in a race.
        mode: Of the data's verdict.
        ledger: Stores the decision as the event `planned`.
        seed: The root seed.
    """
    begun = ledger.of(TrialsPlanned)
    speed = measured.speed
    if begun:
        max_macs = begun[0].max_macs
    else:
        max_macs = None if speed is None else _final_macs(store, measured, plan, speed)
    space = measured.space
    proven: tuple[Architecture, ...] = ()
    if max_macs is not None:
        proven = proven_networks(space, max_macs, MOST_PROVEN[plan.kind])
        anchors = {one.key: one for one in (*space.anchors, *proven)}
        bounds = space.bounds.measured(DRAWN_FACTOR * max_macs)
        space = space.model_copy(
            update={"anchors": tuple(anchors.values()), "bounds": bounds}
        )
    if plan.kind == "race" and speed is not None:
        networks = _race_networks(proven, space, baseline)
        epochs = (
            begun[0].epochs if begun else _epochs(networks, speed, plan, space, ledger)
        )
        if not begun:
            ledger.append(
                TrialsPlanned(kind=plan.kind, max_macs=max_macs, epochs=epochs)
            )
        race = Race(networks, epochs)
        sized = tuple(one.network_key for one in networks[:-1])
        return TrialPlan(race, sized, epochs, len(networks))
    immune = frozenset(one.key for one in (space.anchors[0], *proven[:1]))
    ladder = begun[0].ladder if begun else None
    if ladder is None:
        affordable = _affordable_epochs(plan, speed)
        n_train = len(store.rows("train"))
        ladder = make_ladder(
            options,
            space,
            n_train,
            affordable_epochs=affordable,
            n_immune=len(immune),
        )
        ledger.append(
            TrialsPlanned(
                kind=plan.kind,
                max_macs=max_macs,
                epochs=ladder.max_epochs,
                ladder=ladder,
            )
        )
    return _hyperband(space, ladder, options, proven, immune, mode=mode, seed=seed)


def _hyperband(
    space: SearchSpace,
    ladder: Ladder,
    options: SearchOptions,
    proven: tuple[Architecture, ...],
    immune: frozenset[str],
    *,
    mode: str,
    seed: int,
) -> TrialPlan:
    limits = make_limits(options, mode)
    proposer = find_proposer(options.proposer)(space, derive_seed(seed, "proposer"))
    stop_rule = StopRule(
        networks=options.stop_after_networks,
        target_score=options.target_score,
        full_epochs=ladder.max_epochs,
    )
    delayed = DelayedProposer(
        proposer,
        lag=options.learning_lag,
        limits=space.bounds,
        stop_rule=stop_rule,
        ancestry=Ancestry(is_on=options.inherit == "morph"),
    )
    oracle = HyperbandOracle(
        space=space,
        proposer=delayed,
        ladder=ladder,
        limits=limits,
        immune=immune,
        slope_places=options.slope_places,
        seed=derive_seed(seed, "oracle"),
    )
    return TrialPlan(
        oracle,
        tuple(one.network_key for one in proven[:1]),
        ladder.max_epochs,
        ladder.trials_within(limits),
        options.learning_lag if delayed.learns else None,
    )


def _race_networks(
    proven: tuple[Architecture, ...], space: SearchSpace, baseline: Architecture
) -> list[Architecture]:
    """Return the networks of a race, all with the recipe of the first."""
    networks = list(proven) or [space.anchors[0]]
    return [*networks, baseline.model_copy(update={"recipe": networks[0].recipe})]


def _final_macs(
    store: ImageStore, measured: MeasuredSpace, plan: BudgetPlan, speed: MachineSpeed
) -> float | None:
    """Return the multiply-adds that allow enough epochs in the final training."""
    if plan.final_s is None:
        return None
    ratio = len(store.rows("dev")) / max(1, len(store.rows("train")))
    epochs = FINAL_EPOCHS_FACTOR * speed.full_epochs
    epoch_s = plan.final_s * speed.workers / (epochs * ratio)  # on the training rows
    macs = count_macs(measured.space.anchors[0]) * speed.times_macs_for(epoch_s)
    logger.info(
        "The final training has seconds for %.0f epochs of a network of %.1f million "
        "multiply-adds.",
        epochs,
        macs / 1e6,
    )
    return macs


def _epochs(
    networks: list[Architecture],
    speed: MachineSpeed,
    plan: BudgetPlan,
    space: SearchSpace,
    ledger: Ledger,
) -> int:
    candidate_0 = count_macs(space.anchors[0])
    seconds = speed.full_training_s
    if plan.search_s is not None:
        seconds = plan.search_s - measuring_s(ledger)
    return race_epochs(
        [speed.epoch_s_of(count_macs(one) / candidate_0) for one in networks],
        seconds=max(1.0, seconds - speed.start_s),
        workers=speed.workers,
        most=speed.full_epochs,
    )


def _affordable_epochs(plan: BudgetPlan, speed: MachineSpeed | None) -> float | None:
    """Return the epochs of candidate 0 the search has seconds for, on all workers."""
    if speed is None or plan.search_s is None:
        return None
    return plan.search_s * speed.workers / speed.epoch_s
