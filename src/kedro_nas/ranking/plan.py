"""The plan of a cross-validation within its budget, made before the first fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kedro_nas.accounting.budget_plan import estimate_epoch_s
from kedro_nas.records.search import Finalist

MIN_FOLDS = 2
STARTUP_S = 10.0  # time to import TensorFlow in the workers


@dataclass(frozen=True)
class CrossValidationPlan:
    """The extent of a cross-validation.

    Attributes:
        n_finalists: Number of finalists trained, without the baseline.
        n_folds: Number of folds trained, at most those of the data set.
        n_repeats: Number of repeats.
        epochs: Of each fold.
        expected_s: Wall seconds expected.
        is_affordable: Whether it fits its budget.
        reasons: What was reduced to fit, one sentence each.
    """

    n_finalists: int
    n_folds: int
    n_repeats: int
    epochs: int
    expected_s: float
    is_affordable: bool = True
    reasons: tuple[str, ...] = ()


def plan_cross_validation(
    contestants: Sequence[Finalist],
    *,
    n_folds: int,
    n_repeats: int,
    epochs: int,
    least_epochs: int,
    budget_s: float | None,
    workers: int,
    size_ratio: float,
) -> CrossValidationPlan:
    """Fit the cross-validation into its budget.

    Reductions in order of their cost to the comparison: finalists beyond two, repeats,
    folds beyond three, epochs down to the least, the third fold, the second finalist.

    Args:
        contestants: `nas.finalists`' list, best first, the baseline last if any.
        n_folds: Wanted.
        n_repeats: Wanted.
        epochs: Wanted per fold.
        least_epochs: Minimum epochs per fold; shorter folds do not predict the final
            training.
        budget_s: Wall seconds; None for no limit.
        workers: Folds trained side by side.
        size_ratio: Training images of a fold over those of the search.

    Returns:
        The plan; not affordable if even the smallest one exceeds the budget.
    """
    finalists = [c for c in contestants if not c.is_baseline]
    baselines = [c for c in contestants if c.is_baseline]

    def expected(sizes: dict[str, int]) -> float:
        chosen = (*finalists[: sizes["finalists"]], *baselines)
        per_epoch = sum(estimate_epoch_s(c, contestants) for c in chosen)
        trained = sizes["epochs"] * sizes["folds"] * sizes["repeats"]
        return STARTUP_S + per_epoch * size_ratio * trained / workers

    def fits(sizes: dict[str, int]) -> bool:
        return budget_s is None or expected(sizes) <= budget_s

    wanted = {
        "finalists": len(finalists),
        "repeats": n_repeats,
        "epochs": epochs,
        "folds": n_folds,
    }
    sizes = dict(wanted)
    for name, least in (
        ("finalists", 2),
        ("repeats", 1),
        ("folds", 3),
        ("epochs", least_epochs),
        ("folds", MIN_FOLDS),
        ("finalists", 1),
    ):
        while not fits(sizes) and sizes[name] > least:
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
        is_affordable=fits(sizes),
        reasons=cut,
    )
