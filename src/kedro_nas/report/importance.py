"""Importance of each choice of the search space for the score of a trial.

A random forest predicts the score from the choices; a choice matters as much as the
prediction on trials it was not fitted on gets worse when that choice is shuffled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kedro_nas.report.typesetting import percent
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.space.registry import Value

# fewer networks give test parts too small for a prediction
MIN_NETWORKS = 20
# more networks take minutes and change no bar visibly
MAX_NETWORKS = 500
# share of variance explained on unseen trials from which the order is reliable
MIN_R2 = 0.1
N_SHUFFLES = 5
# values listed one by one; more are grouped into three ranges
MAX_VALUES = 6
ABSENT = "absent"


@dataclass(frozen=True)
class ChoiceImportance:
    """One choice of the search space and how much it mattered.

    Attributes:
        name: What was chosen, e.g. `stage 2 block`.
        importance: Share of the score's variance lost when it is shuffled.
        spread: Standard deviation of that over the parts.
        effect: Mean score by value, best first, as a sentence.
    """

    name: str
    importance: float
    spread: float
    effect: str


@dataclass(frozen=True)
class Importance:
    """The choices, most important first, and whether the order is reliable.

    Attributes:
        choices: Empty when there were too few trials.
        r2: Share of the variance the forest explains on unseen trials.
        n: Networks it is computed from.
        is_reliable: Whether `r2` reaches 0.1.
        sentence: A summary for the page.
    """

    choices: tuple[ChoiceImportance, ...]
    r2: float
    n: int
    is_reliable: bool
    sentence: str


def rank_choices(trials: pd.DataFrame) -> Importance:
    """Return how much each choice of the search space mattered for the score.

    Scores are comparable only after equally many epochs, so the number of epochs with
    the most networks is used: the first rung, in practice.

    Args:
        trials: `nas.trials`.

    Source: Breiman (2001), Random Forests, section 10; the same question as
        fANOVA's (Hutter, Hoos and Leyton-Brown 2014).
    """
    scored = trials[trials["score"].notna() & (trials["status"] != "failed")]
    if not scored.empty:
        scored = scored[scored["epochs"] == scored["epochs"].mode().iloc[0]]
        scored = scored.drop_duplicates("key")
        n_kept = min(len(scored), MAX_NETWORKS)
        scored = scored.sample(n_kept, random_state=derive_seed(0, "report", "sample"))
    features = choice_table(scored)
    if len(scored) < MIN_NETWORKS or features.empty or scored["score"].nunique() < 2:
        return Importance(
            (),
            0.0,
            len(scored),
            is_reliable=False,
            sentence=f"Too few networks were trained alike ({len(scored)} of"
            f" at least {MIN_NETWORKS}) to say which choices mattered.",
        )
    scores = scored["score"].to_numpy(dtype=float)
    r2, importance, spread = _permute(features, scores)
    choices = tuple(
        ChoiceImportance(
            str(features.columns[place]),
            float(importance[place]),
            float(spread[place]),
            _effect(features.iloc[:, place], scores),
        )
        for place in np.argsort(-importance, kind="stable")
    )
    return Importance(
        choices, r2, len(scored), r2 >= MIN_R2, _sentence(choices, r2, len(scored))
    )


def choice_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a column per choice that varies between the architectures.

    Args:
        trials: Rows with `architecture`, JSON text.

    Returns:
        Numbers where every value is one, else text; `absent` for stages a network
        does not have.
    """
    rows = [_choices_of(text) for text in trials["architecture"]]
    table = pd.DataFrame(rows, index=trials.index)
    varied = [name for name in table if len(set(table[name].astype(str))) > 1]
    return table[varied]


def _choices_of(text: str) -> dict[str, Value | None]:
    """Return the choices in an architecture's JSON, by name."""
    architecture = json.loads(text)
    flat: dict[str, Value | None] = {"number of stages": len(architecture["stages"])}
    for name, value in (architecture.get("backbone") or {}).items():
        flat[f"backbone {_words(name)}"] = value
    for number, stage in enumerate(architecture["stages"], start=1):
        for name, value in stage.items():
            if name == "options":
                flat |= {f"stage {number} {_words(key)}": item for key, item in value}
            else:
                flat[f"stage {number} {_words(name)}"] = value
    for part in ("stem", "head", "recipe"):
        for name, value in architecture.get(part, {}).items():
            flat[_words(name) if part == "recipe" else f"{part} {_words(name)}"] = value
    flat["activation"] = architecture.get("activation")
    return flat


def _permute(
    features: pd.DataFrame, scores: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold

    encoded = _encode(features)
    seed = derive_seed(0, "report", "importance")
    random = generator(0, "report", "permutation")
    drops, explained = [], []
    for train, held_out in KFold(5, shuffle=True, random_state=seed).split(encoded):
        forest = RandomForestRegressor(60, min_samples_leaf=2, random_state=seed)
        forest.fit(encoded[train], scores[train])
        # all copies in one call, as a call costs more than its rows: scikit-learn's
        # permutation_importance takes 70 times the seconds
        copies = _shuffled_copies(encoded[held_out], random)
        predicted = forest.predict(copies.reshape(-1, encoded.shape[1]))
        errors = (predicted.reshape(-1, len(held_out)) - scores[held_out]) ** 2
        shares = errors.mean(axis=1) / scores.var()
        explained.append(1 - shares[0])
        by_choice = (shares[1:] - shares[0]).reshape(encoded.shape[1], N_SHUFFLES)
        drops.append(by_choice.mean(axis=1))
    return (
        float(np.mean(explained)),
        np.maximum(np.mean(drops, axis=0), 0.0),
        np.std(drops, axis=0),
    )


def _shuffled_copies(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the rows unchanged, then with each column shuffled several times."""
    copies = [rows]
    for column in range(rows.shape[1]):
        for _ in range(N_SHUFFLES):
            copy = rows.copy()
            copy[:, column] = random.permutation(copy[:, column])
            copies.append(copy)
    return np.stack(copies)


def _encode(features: pd.DataFrame) -> np.ndarray:
    columns = [
        values.fillna(-1).to_numpy(dtype=float)
        if pd.api.types.is_numeric_dtype(values)
        else pd.factorize(values.fillna(ABSENT).astype(str), sort=True)[0].astype(float)
        for _, values in features.items()
    ]
    return np.column_stack(columns)


def _effect(values: pd.Series[Any], scores: np.ndarray) -> str:
    numeric = pd.api.types.is_numeric_dtype(values)
    if numeric and values.nunique() > MAX_VALUES:
        parts = pd.qcut(values.astype(float), 3, duplicates="drop")
        groups = parts.map(
            # the lowest part of qcut begins just below the smallest value
            lambda part: f"{max(part.left, values.min()):.3g} to {part.right:.3g}",
            na_action="ignore",
        ).astype(object)
    else:
        groups = values.map(_plain, na_action="ignore").astype(object)
    groups = groups.where(values.notna(), ABSENT)
    means = pd.Series(scores, index=values.index).groupby(groups).mean()
    best_first = means.sort_values(ascending=False).head(MAX_VALUES + 1)
    return " · ".join(f"{value}: {percent(mean)}" for value, mean in best_first.items())


def _plain(value: Any) -> str:
    # a missing value makes floats of all whole numbers of a column
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sentence(choices: tuple[ChoiceImportance, ...], r2: float, n: int) -> str:
    if r2 < MIN_R2:
        return (
            f"Over {n} networks the choices hardly predict the score of unseen ones"
            f" (R² = {r2:.2f}): the order below means nothing."
        )
    first = " and ".join(choice.name for choice in choices[:2])
    return (
        f"Over {n} networks, {first} mattered most; the choices together explain"
        f" {percent(r2, 0)} of the variance of scores not used for fitting."
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
