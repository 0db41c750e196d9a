"""How much cross-validation a budget affords, decided before the first fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kedro_nas.accounting.job_budget import seconds_per_epoch

MIN_FOLDS = 2
STARTUP_S = 10.0  # importing TensorFlow in the workers


@dataclass(frozen=True)
class CrossValidationPlan:
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
) -> CrossValidationPlan:
    """Fit the cross-validation into its budget.

    What is given up first costs the comparison least: finalists beyond two, repeats,
    the last two thirds of the epochs, folds beyond three; then, where that is not
    enough, epochs, the second finalist, and the third fold.

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

    def expected(sizes: dict[str, int]) -> float:
        chosen = (*finalists[: sizes["finalists"]], *baselines)
        per_epoch = sum(seconds_per_epoch(c, list(contestants)) for c in chosen)
        trained = sizes["epochs"] * sizes["folds"] * sizes["repeats"]
        return STARTUP_S + per_epoch * size_ratio * trained / workers

    wanted = {
        "finalists": len(finalists),
        "repeats": n_repeats,
        "epochs": epochs,
        "folds": n_folds,
    }
    sizes = dict(wanted)
    for name, least in _order(epochs):
        while (
            budget_s is not None and expected(sizes) > budget_s and sizes[name] > least
        ):
            sizes[name] -= 1
    cut = tuple(
        f"{sizes[name]} {name[:-1] if sizes[name] == 1 else name} instead of "
        f"{wanted[name]}, "
        f"to keep within {budget_s:.0f} s"
        for name in wanted
        if sizes[name] < wanted[name]
    )
    return CrossValidationPlan(
        n_finalists=sizes["finalists"],
        n_folds=sizes["folds"],
        n_repeats=sizes["repeats"],
        epochs=sizes["epochs"],
        expected_s=expected(sizes),
        reasons=cut,
    )


def _order(epochs: int) -> tuple[tuple[str, int], ...]:
    """List what is cut, and down to what, in this order."""
    return (
        ("finalists", 2),
        ("repeats", 1),
        ("epochs", max(2, epochs // 3)),
        ("folds", 3),
        ("epochs", 2),
        ("finalists", 1),
        ("folds", MIN_FOLDS),
        ("epochs", 1),
    )
