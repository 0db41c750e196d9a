"""How much cross-validation a budget affords, decided before the first fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kedro_nas.training.budget import seconds_per_epoch

MIN_FOLDS = 2
STARTUP_S = 10.0  # importing TensorFlow in the workers


@dataclass(frozen=True)
class Plan:
    """What will be trained.

    Attributes:
        n_finalists: Of the search's finalists, without the baseline.
        n_folds: Of the folds the data set fixed.
        n_repeats: Of the repeats.
        epochs: Of each fold.
        expected_s: Wall seconds expected.
        reasons: What was cut to fit, one sentence each.
    """

    n_finalists: int
    n_folds: int
    n_repeats: int
    epochs: int
    expected_s: float
    reasons: tuple[str, ...] = ()


def plan_cross_validation(
    contestants: Sequence[dict[str, Any]],
    *,
    n_folds: int,
    n_repeats: int,
    epochs: int,
    budget_s: float | None,
    workers: int,
    size_ratio: float,
) -> Plan:
    """Fit the cross-validation into its budget.

    Finalists are given up first, from the last; then repeats, then folds down to two,
    then epochs down to one: a comparison on fewer networks is worth more than one that
    cannot tell them apart.

    Args:
        contestants: `nas.finalists`' list, best first, the baseline last if any.
        n_folds: Wanted.
        n_repeats: Wanted.
        epochs: Wanted per fold.
        budget_s: Wall seconds; None for no limit.
        workers: Folds trained side by side.
        size_ratio: Images of a fold's training part over those of the search's.

    Returns:
        The plan; with an expected time over the budget when nothing is left to cut.
    """
    finalists = [c for c in contestants if not c["is_baseline"]]
    baselines = [c for c in contestants if c["is_baseline"]]
    n, folds, repeats, reasons = len(finalists), n_folds, n_repeats, []

    def expected() -> float:
        chosen = (*finalists[:n], *baselines)
        per_epoch = sum(seconds_per_epoch(c, list(contestants)) for c in chosen)
        work = per_epoch * size_ratio * epochs * folds * repeats
        return STARTUP_S + work / workers

    if budget_s is not None:
        while expected() > budget_s and n > 1:
            n -= 1
        if n < len(finalists):
            reasons.append(
                f"{len(finalists) - n} of {len(finalists)} finalists were left out to "
                f"keep the cross-validation within {budget_s:.0f} s"
            )
        while expected() > budget_s and repeats > 1:
            repeats -= 1
        while expected() > budget_s and folds > MIN_FOLDS:
            folds -= 1
        if (folds, repeats) != (n_folds, n_repeats):
            reasons.append(
                f"{folds} folds in {repeats} repeats, not {n_folds} in {n_repeats}"
            )
        wanted = epochs
        while expected() > budget_s and epochs > 1:
            epochs -= 1
        if epochs < wanted:
            reasons.append(f"{epochs} epochs per fold instead of {wanted}")
    return Plan(n, folds, repeats, epochs, expected(), tuple(reasons))
