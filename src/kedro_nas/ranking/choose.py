"""From fold scores to one winner, and to a sentence about how sure that is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kedro_nas.errors import RankingError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.pairing import FoldTable
from kedro_nas.ranking.sentences import baseline_sentence, choice_sentence
from kedro_nas.statistics.paired import FoldMean, PairedTest

# the level at which two contestants count as tied, as everywhere in the report
TIED_ABOVE_P = 0.05


def rank_contestants(
    fold_scores: pd.DataFrame,
    contestants: list[dict[str, Any]],
    options: RankingOptions,
    *,
    objective: str = "accuracy",
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rank contestants by cross-validation and choose one.

    Only contestants that completed as many folds as the most complete one can be
    chosen; the others are listed below them with the folds they have. Means are
    compared over shared folds, with the corrected resampled t-test.

    Args:
        fold_scores: A row per contestant and fold, see docs/reference/files.md.
        contestants: The `finalists` list of `nas.finalists`, baseline included.
        options: The rule of the choice.
        objective: Column of `fold_scores` that decides: `accuracy` or
            `balanced_accuracy`.

    Returns:
        `nas.ranking`, best mean first, and `nas.best_architecture` without `epochs`
        and `seconds`.

    Raises:
        RankingError: No contestant, or no fold of any contestant completed.
    """
    table = FoldTable.read(fold_scores, contestants, objective)
    if not table.complete:
        raise RankingError(
            "no network could be ranked",
            received=table.failures() or "no fold scores",
            allowed="at least one completed fold",
            remedy="Rerun the ranking stage, or read the reasons in nas.fold_scores",
        )
    best = table.complete[0]
    chosen = _choose(table, best, options)
    ranking = _ranking(table, best, chosen)
    return ranking, _best_architecture(table, best, chosen, options, objective)


def _choose(table: FoldTable, best: str, options: RankingOptions) -> str:
    """Apply the rule; the gap of one standard error is that of the paired folds."""
    if options.rule == "best_mean":
        return best
    within = [best]
    for key in table.complete[1:]:
        test = table.compare(best, key)
        if test is not None and test.difference <= test.se:
            within.append(key)
    return min(within, key=lambda key: (table.size(key), within.index(key)))


def _ranking(table: FoldTable, best: str, chosen: str) -> pd.DataFrame:
    rows = []
    for rank, key in enumerate(table.order, start=1):
        contestant, mean = table.contestants[key], table.means.get(key)
        test = table.compare(best, key) if mean and key != best else None
        score = contestant.get("score")
        rows.append(
            {
                "rank": rank,
                "name": contestant["name"],
                "key": key,
                "is_baseline": bool(contestant.get("is_baseline")),
                "chosen": key == chosen,
                **_mean_columns(mean),
                **_test_columns(test, is_best=key == best),
                "search_score": score,
                "optimism": score - mean.mean if mean and score is not None else None,
                "params": contestant.get("params"),
                "macs": contestant.get("macs"),
                "depth": contestant.get("depth"),
                "n_folds": mean.n if mean else 0,
                "seconds": table.seconds(key),
            }
        )
    return pd.DataFrame(rows)


def _mean_columns(mean: FoldMean | None) -> dict[str, float | None]:
    return {
        "cv_mean": mean.mean if mean else None,
        "cv_std": mean.std if mean else None,
        "cv_se": mean.se if mean else None,
        "ci_low": mean.ci_low if mean else None,
        "ci_high": mean.ci_high if mean else None,
    }


def _test_columns(test: PairedTest | None, *, is_best: bool) -> dict[str, Any]:
    if is_best:
        return {"difference_to_best": 0.0, "p_value": 1.0, "tied": True}
    if test is None:
        return {"difference_to_best": None, "p_value": None, "tied": False}
    return {
        "difference_to_best": -test.difference,
        "p_value": test.p_value,
        "tied": test.p_value >= TIED_ABOVE_P,
    }


def _best_architecture(
    table: FoldTable, best: str, chosen: str, options: RankingOptions, objective: str
) -> dict[str, Any]:
    winner, mean = table.contestants[chosen], table.means[chosen]
    baseline = table.baseline
    return {
        "name": winner["name"],
        "key": chosen,
        "architecture": winner.get("architecture"),
        "is_baseline": chosen == baseline,
        "rule": options.rule,
        "objective": objective,
        "sentence": choice_sentence(table, best, chosen, tied_above_p=TIED_ABOVE_P),
        **{name: _plain(value) for name, value in _mean_columns(mean).items()},
        "against_baseline": _against_baseline(table, chosen),
        "baseline": None
        if baseline is None
        else {
            name: table.contestants[baseline].get(name)
            for name in ("name", "key", "architecture")
        },
    }


def _against_baseline(table: FoldTable, chosen: str) -> dict[str, Any] | None:
    if table.baseline is None:
        return None
    test = None
    if chosen != table.baseline:
        test = table.compare(chosen, table.baseline)
    beats = test is not None and test.ci_low > 0
    return {
        "difference": _plain(test.difference) if test else None,
        "ci_low": _plain(test.ci_low) if test else None,
        "ci_high": _plain(test.ci_high) if test else None,
        "p_value": _plain(test.p_value) if test else None,
        "sentence": baseline_sentence(table, chosen, test),
        "beats_baseline": beats,
    }


def _plain(value: float | None) -> float | None:
    """Return what strict JSON can hold: an interval that is not there is null."""
    return None if value is None or pd.isna(value) else float(value)
