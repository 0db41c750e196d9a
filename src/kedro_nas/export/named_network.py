"""A network of the search that a person names by its key."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import pandas as pd

from kedro_nas.errors import ExportError
from kedro_nas.number_text import counted, percent, whole
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.latency import LatencyCheck
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.space.architecture import Architecture
from kedro_nas.statistics.pareto_front import longest_trainings
from kedro_nas.training.long_augmentation import with_augmentation_for

NAMED_DIGITS = 8  # of a key, in names of folders and in messages
_MAX_NAMED = 5  # networks that a message names
_COMPARED = ("cv_mean", "cv_std", "cv_se", "ci_low", "ci_high")


@dataclass(frozen=True)
class NamedTrial:
    """The longest training of an architecture in the search.

    Attributes:
        key: Hash of network and recipe.
        name: The network in a line.
        architecture: Network and recipe, as trained.
        score: On validation images.
        epochs: After so many.
        val_images: Validation images scored; None where that is not known.
    """

    key: str
    name: str
    architecture: Architecture
    score: float
    epochs: int
    val_images: int | None


def find_network(
    trials: pd.DataFrame, given: str, *, baseline: str | None = None
) -> NamedTrial:
    """Find an architecture of the search by its key, or by the beginning of it.

    Args:
        trials: `nas.trials`.
        given: The key, or a prefix of it that no other key has.
        baseline: Key of the baseline, which the ranking lists also where the search did
            not train it.

    Raises:
        ExportError: No key begins so, several do, or it has no score.
    """
    keys = list(dict.fromkeys(trials["key"].astype(str)))
    wanted = given.strip().lower()
    found = [key for key in keys if wanted and key.startswith(wanted)]
    scored = longest_trainings(trials)
    if not found and wanted and baseline is not None and baseline.startswith(wanted):
        raise ExportError(
            "the search did not train this network",
            received=f"--architecture {given}, the baseline",
            allowed="an architecture of nas.trials",
            remedy="Take the baseline's model from nas.baseline_model, where it was "
            "trained finally, or name another network of nas.pareto_table",
        )
    if len(found) != 1:
        raise _not_one(given, found, keys, scored)
    rows = scored[scored["key"] == found[0]]
    if rows.empty:
        reasons = trials.loc[trials["key"] == found[0], "reason"].dropna()
        raise ExportError(
            f"the architecture {found[0][:NAMED_DIGITS]} has no score",
            received="a trial that " + (str(reasons.iloc[-1]) or "did not end"),
            allowed="an architecture with a score in nas.trials",
            remedy="Name another one; nas.pareto_table lists them",
        )
    row = rows.iloc[0]
    n_images = row["val_images"]
    return NamedTrial(
        key=found[0],
        name=str(row["name"]),
        architecture=Architecture.model_validate_json(row["architecture"]),
        score=float(row["score"]),
        epochs=int(row["epochs"]),
        val_images=None if pd.isna(n_images) else int(n_images),
    )


def _not_one(
    given: str, found: list[str], keys: list[str], scored: pd.DataFrame
) -> ExportError:
    """Return the error for a key that names none or several architectures."""
    near = found or difflib.get_close_matches(given.lower(), keys, _MAX_NAMED, 0.0)
    scores = dict(zip(scored["key"], scored["score"], strict=True))
    named = ", ".join(
        key + (f" ({percent(scores[key])})" if key in scores else "")
        for key in near[:_MAX_NAMED]
    )
    more = f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    if found:
        return ExportError(
            "it is not clear which architecture is meant",
            received=f"--architecture {given}, with which {len(found)} keys begin",
            allowed=f"one of {named}{more}",
            remedy="Give more of its key",
        )
    return ExportError(
        "the search has no such architecture",
        received=f"--architecture {given}",
        allowed="the key, or its beginning, of one of "
        f"{counted(len(keys), 'architecture')}; the nearest are {named}"
        if keys
        else "the key of an architecture; nas.trials has none",
        remedy="Look it up in nas.pareto_table or nas.trials, column `key`",
    )


def choose_by_hand(
    one: NamedTrial,
    result: SearchResult,
    best: Choice,
    ranking: pd.DataFrame,
    latency: LatencyCheck | None,
    *,
    final: ExportOptions,
) -> Choice:
    """Return what the export stage needs to train and export a network.

    Args:
        one: The network.
        result: Of the search, which measured the effect of flips.
        best: The network that the ranking chose: epochs, budget and objective are its.
        ranking: `nas.ranking`; where the network is in it, its score over the folds.
        latency: The network against the bound of latency; None without one.
        final: `params:nas.export`.
    """
    network = one.architecture
    if final.augmentation == "auto":
        network = with_augmentation_for(network, result, best.final_epochs or 0.0)
    row = ranking[(ranking["key"] == one.key) & ~ranking["is_baseline"].astype(bool)]
    compared = {
        name: None
        if row.empty or pd.isna(row[name].iloc[0])
        else float(row[name].iloc[0])
        for name in _COMPARED
    }
    sentence = _sentence(one, best)
    if latency is not None:
        sentence += f" {latency.sentence(one.key, one.key)}"
    return best.model_copy(
        update={
            **compared,
            "name": one.name,
            "key": one.key,
            "architecture": network,
            "is_baseline": False,
            "rule": "by_hand",
            "sentence": sentence,
            "against_baseline": None,
            "baseline": None,
            "latency": latency,
        }
    )


def _sentence(one: NamedTrial, best: Choice) -> str:
    images = "" if one.val_images is None else f"{whole(one.val_images)} "
    epochs = "one epoch" if one.epochs == 1 else f"{one.epochs} epochs"
    if one.key == best.key:
        return f"A person named this network, as the ranking had. {best.sentence}"
    return (
        f"A person named this network; the ranking chose another one, {best.name}. "
        f"In the search it scored {percent(one.score)} after {epochs}, on {images}"
        "validation images by which the search also chose."
    )
