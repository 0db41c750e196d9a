"""Chooses a winner from scores on the same images, with a sentence on its certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from kedro_nas.errors import RankingError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.cost_fronts import contestant_costs, find_front
from kedro_nas.ranking.latency_check import fast_enough
from kedro_nas.ranking.pairing import Comparison
from kedro_nas.ranking.sentences import baseline_sentence, choice_sentence
from kedro_nas.records.latency import LatencyCheck
from kedro_nas.records.ranking import (
    BaselineComparison,
    Choice,
    CrossValidationSummary,
    NamedNetwork,
    Rule,
)
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.paired import FoldMean, PairedTest

# significance level of ties, as everywhere in the report
TIED_ABOVE_P = 0.05
# standard errors by which a network has to beat the best proven one: after a short
# training smaller networks are ahead that the final training would overtake
PROVEN_MARGIN = 2


@dataclass(frozen=True)
class RankedContestants:
    """The result of a comparison.

    Attributes:
        table: `nas.ranking`, best mean first.
        choice: `nas.best_architecture`, without its plan, epochs and seconds, which the
            caller adds.
    """

    table: pd.DataFrame
    choice: Choice


def rank_contestants(
    comparison: Comparison,
    options: RankingOptions,
    *,
    objective: str,
    latency: LatencyCheck | None = None,
) -> RankedContestants:
    """Rank contestants by their scores on the same images and choose one.

    Only contestants with as many completed folds as the most complete one can be
    chosen; the others are listed below them.

    Args:
        comparison: Fold scores, or results on validation images.
        options: Options of the ranking, of which the rule and its cost are used.
        objective: Name of the score by which contestants are ranked.
        latency: Contestants against the bound of latency; those that exceed it are
            ranked, but not chosen.

    Raises:
        RankingError: No contestant has a score, or none keeps the bound of latency.
    """
    if not comparison.complete:
        raise RankingError(
            "no network could be ranked",
            received=comparison.failures() or "no scores",
            allowed="at least one contestant with a score",
            remedy="Rerun the ranking stage, or read the reasons in nas.fold_scores",
        )
    allowed = fast_enough(comparison.complete, latency)
    best = allowed[0]
    proven = [key for key in allowed if comparison.contestants[key].is_proven]
    rule: Rule = options.rule
    costs = contestant_costs(comparison, options.smaller_by, latency)
    if proven and comparison.is_single_split:
        rule, chosen = "proven_network", _best_or_proven(comparison, allowed, proven)
    elif rule == "one_standard_error" and not comparison.is_single_split:
        chosen = _smallest_within(comparison, allowed, costs)
    else:
        rule = "best_mean" if rule == "one_standard_error" else rule
        chosen = best
    sentence = choice_sentence(
        comparison,
        best,
        chosen,
        rule=rule,
        tied_above_p=TIED_ABOVE_P,
        cost=options.smaller_by,
        costs=costs,
    )
    choice = _choice(comparison, chosen, rule, objective, sentence)
    if latency is not None:
        spoken = latency.sentence(chosen, comparison.complete[0])
        sentence = f"{choice.sentence} {spoken}"
        choice = choice.model_copy(update={"latency": latency, "sentence": sentence})
    return RankedContestants(
        _ranking(comparison, comparison.complete[0], chosen, latency), choice
    )


def _smallest_within(
    comparison: Comparison, allowed: Sequence[str], costs: Mapping[str, float]
) -> str:
    """Return the cheapest contestant within one standard error of the paired folds."""
    best, *others = allowed
    within = [best]
    for key in others:
        test = comparison.compare(best, key)
        if test is not None and test.difference <= test.se:
            within.append(key)
    return min(within, key=lambda key: (costs[key], within.index(key)))


def _best_or_proven(
    comparison: Comparison, allowed: Sequence[str], proven: Sequence[str]
) -> str:
    """Return the best proven network, or the best that beats it clearly.

    A single split after a part of the final epochs is weak evidence; the record of the
    proven networks on other data outweighs a difference within the noise. Between two
    of them there is no such record, and the score decides.

    Args:
        comparison: Results on the same images.
        allowed: Keys of the networks that may be chosen, best first.
        proven: Those of them that are proven, best first.
    """
    best, *_ = proven
    for key in allowed:
        test = comparison.compare(key, best) if key not in proven else None
        if test is not None and test.difference > PROVEN_MARGIN * test.se:
            return key
    return best


def _ranking(
    comparison: Comparison, best: str, chosen: str, latency: LatencyCheck | None
) -> pd.DataFrame:
    rows = []
    front = find_front(comparison, latency)
    for rank, key in enumerate(comparison.order, start=1):
        contestant, mean = comparison.contestants[key], comparison.means.get(key)
        test = comparison.compare(best, key) if mean and key != best else None
        score = contestant.score
        optimism = None
        if mean is not None and score is not None and not comparison.is_single_split:
            optimism = score - mean.mean
        rows.append(
            {
                "rank": rank,
                "name": contestant.name,
                "key": key,
                "is_baseline": contestant.is_baseline,
                "chosen": key == chosen,
                **_mean_columns(mean),
                **_test_columns(test, is_best=key == best),
                "search_score": score,
                "optimism": optimism,
                "params": contestant.params,
                "macs": contestant.macs,
                "depth": contestant.depth,
                **_latency_columns(latency, key),
                "on_front": key in front,
                "n_folds": 0 if mean is None else comparison.n_folds_of(key),
                "seconds": comparison.seconds(key),
            }
        )
    return pd.DataFrame(rows)


def _latency_columns(latency: LatencyCheck | None, key: str) -> dict[str, float | None]:
    one = None if latency is None else latency.of(key)
    measured = None if one is None else one.measured
    return {
        "latency_ms": None if one is None else one.predicted_ms,
        "latency_p90_ms": None if measured is None else measured.p90_ms,
    }


def _mean_columns(mean: FoldMean | None) -> dict[str, float | None]:
    return {
        "cv_mean": mean.mean if mean else None,
        "cv_std": mean.std if mean else None,
        "cv_se": mean.se if mean else None,
        "ci_low": mean.ci_low if mean else None,
        "ci_high": mean.ci_high if mean else None,
    }


def _test_columns(
    test: PairedTest | None, *, is_best: bool
) -> dict[str, float | bool | None]:
    if is_best:
        return {"difference_to_best": 0.0, "p_value": 1.0, "tied": True}
    if test is None:
        return {"difference_to_best": None, "p_value": None, "tied": False}
    return {
        "difference_to_best": -test.difference,
        "p_value": test.p_value,
        "tied": test.p_value >= TIED_ABOVE_P,
    }


def _choice(
    comparison: Comparison, chosen: str, rule: Rule, objective: str, sentence: str
) -> Choice:
    winner, mean = comparison.contestants[chosen], comparison.means[chosen]
    baseline = comparison.baseline
    columns = {name: _plain(value) for name, value in _mean_columns(mean).items()}
    return Choice.model_validate(
        {
            "name": winner.name,
            "key": chosen,
            "architecture": winner.architecture,
            "is_baseline": chosen == baseline,
            "rule": rule,
            "objective": objective,
            "sentence": sentence,
            **columns,
            "against_baseline": _against_baseline(comparison, chosen),
            "baseline": _named(comparison.contestants[baseline]) if baseline else None,
            "full_epochs": 1,
            "plan": CrossValidationSummary(
                scored_on="validation" if comparison.is_single_split else "folds",
                finalists=0,
                folds=0,
                repeats=0,
                epochs=0,
            ),
        }
    )


def _named(one: Finalist) -> NamedNetwork:
    return NamedNetwork(name=one.name, key=one.key, architecture=one.architecture)


def _against_baseline(comparison: Comparison, chosen: str) -> BaselineComparison | None:
    if comparison.baseline is None:
        return None
    test = None
    if chosen != comparison.baseline:
        test = comparison.compare(chosen, comparison.baseline)
    return BaselineComparison(
        difference=_plain(test.difference) if test else None,
        ci_low=_plain(test.ci_low) if test else None,
        ci_high=_plain(test.ci_high) if test else None,
        p_value=_plain(test.p_value) if test else None,
        sentence=baseline_sentence(comparison, chosen, test),
        beats_baseline=test is not None and test.ci_low > 0,
    )


def _plain(value: float | None) -> float | None:
    """Return a value for strict JSON: None instead of NaN."""
    return None if value is None or pd.isna(value) else float(value)
