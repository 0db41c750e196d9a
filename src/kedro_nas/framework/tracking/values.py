"""Parameters and results as the flat names and numbers a tracker compares."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from kedro_nas.records.search import Incumbent
from kedro_nas.records.trials import RUNNING
from kedro_nas.redaction import redacted
from kedro_nas.space.registry import Value

# MLflow refuses more than 6000 characters; a table of runs is unreadable far below
MAX_CHARACTERS = 250
CURVES = (
    *("val_accuracy", "val_balanced_accuracy", "val_objective_score"),
    *("val_loss", "train_loss"),
)
_TRIAL_PARAMETERS = ("key", "name", "family")
_TRIAL_COSTS = ("params", "macs", "depth")
_TRIAL_RESULTS = ("score", "epochs", "best_epoch", "seconds")  # of one that has ended
# in the order of the layers
_PARTS = ("backbone", "own_model", "stem", "stages", "activation", "head", "recipe")
_TRIAL_TAGS = ("status", "reason", "bracket", "rung", "iteration", "parent_id")


@dataclass(frozen=True)
class Point:
    """One value of a metric.

    Attributes:
        name: Of the metric.
        value: A finite number.
        step: The epoch it belongs to, 0 if to none.
    """

    name: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class TrialRun:
    """One row of `nas.trials` as a run of its own.

    Attributes:
        name: Trial and network, for people.
        parameters: Its keys and names, and all choices of network and recipe.
        points: Its curve by epoch, and its costs.
        tags: Its place in the search.
        started_s: Seconds from the start of the search to its own start.
        ended_s: Seconds from the start of the search to its own end.
        failed: Whether it ended without a score.
        trial_id: Name of the trial.
        family: Names of its blocks, or of its backbone or custom model.
        architecture: Network and recipe as JSON.
    """

    name: str
    parameters: dict[str, str]
    points: list[Point]
    tags: dict[str, str] = field(default_factory=dict)
    started_s: float = 0.0
    ended_s: float = 0.0
    failed: bool = False
    trial_id: str = ""
    family: str = ""
    architecture: str = ""

    @property
    def choices(self) -> dict[str, Value]:
        """The choices of network and recipe, see `flat_choices`."""
        return flat_choices(self.architecture)


def flat_parameters(name: str, value: Any) -> dict[str, str]:
    """Flatten options into dotted names and short texts.

    Args:
        name: Of the parameter, e.g. `nas.search`.
        value: Options, a mapping, or a plain value.

    >>> flat_parameters("nas.search", {"budget_s": 240, "costs": {"devices": 1}})
    {'nas.search.budget_s': '240', 'nas.search.costs.devices': '1'}
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping) and value:
        return {
            key: text
            for part, inner in value.items()
            for key, text in flat_parameters(f"{name}.{part}", inner).items()
        }
    text = value if isinstance(value, str) else json.dumps(value)
    return {_allowed(name): _short(redacted(text))}


def flat_numbers(name: str, value: Any) -> list[Point]:
    """Flatten the finite numbers of a JSON value into dotted names.

    Lists (curves, tables, images) and words are left out; yes is 1, no is 0.

    >>> flat_numbers("m", {"accuracy": 0.9, "mcnemar": {"p_value": None}, "per": [1]})
    [Point(name='m.accuracy', value=0.9, step=0)]
    """
    if isinstance(value, Mapping):
        return [
            point
            for key, inner in value.items()
            for point in flat_numbers(f"{name}.{key}", inner)
        ]
    return [Point(_allowed(name), float(value))] if _is_number(value) else []


def flat_choices(architecture: str) -> dict[str, Value]:
    """Flatten an architecture into a name and a value for each choice.

    Args:
        architecture: As JSON. What the data decide (shape, classes) and the digests
            of custom code are left out.

    >>> flat_choices('{"stem": {"width": 8}, "stages": [{"block": "conv", "depth": 2,'
    ...              '"options": [["expansion", 4]]}], "backbone": null}')
    {'stem.width': 8, 'n_stages': 1, 'stage1.block': 'conv', 'stage1.depth': 2,
     'stage1.expansion': 4}
    """
    parts = json.loads(architecture)
    flat: dict[str, Value] = {}
    for part in _PARTS:
        value = parts.get(part)
        if part == "stages" and value:
            flat["n_stages"] = len(value)
            for number, stage in enumerate(value, start=1):
                options = dict(stage.get("options") or ())
                one = {k: v for k, v in stage.items() if k != "options"}
                flat |= {f"stage{number}.{k}": v for k, v in (one | options).items()}
        elif isinstance(value, Mapping):
            flat |= {f"{part}.{k}": v for k, v in value.items()}
        elif value:
            flat[part] = value
    return flat


def incumbent(name: str, improvements: Sequence[Incumbent]) -> list[Point]:
    """Return the best score so far by epochs trained.

    Args:
        name: For the metric.
        improvements: Of the search.
    """
    return [Point(name, one.score, one.epochs) for one in improvements]


def trial_runs(trials: Any) -> list[TrialRun]:
    """Turn `nas.trials` into runs, one per row, in order of creation."""
    return [trial_run(row) for row in trials.itertuples(index=False)]


def trial_run(row: Any) -> TrialRun:
    """Turn a row into a run; a column that an earlier version had not is left out.

    Args:
        row: A `TrialRow`, or a named tuple of `nas.trials`.
    """
    first = int(getattr(row, "epoch_start", 0) or 0)
    curve = [
        Point(name, float(value), first + number)
        for name in CURVES
        for number, value in enumerate(
            _listed(getattr(row, f"{name}_by_epoch", None)), start=1
        )
        if _is_number(value)
    ]
    runs = getattr(row, "status", None) == RUNNING
    numbers = [
        Point(name, float(value))
        for name in (*_TRIAL_COSTS, *(() if runs else _TRIAL_RESULTS))
        if _is_number(value := getattr(row, name, math.nan))
    ]
    architecture = str(getattr(row, "architecture", "") or "{}")
    choices = flat_choices(architecture)
    return TrialRun(
        name=_short(f"{row.trial_id} {row.name}"),
        parameters={
            **_texts(row, _TRIAL_PARAMETERS),
            **{_allowed(name): _short(str(value)) for name, value in choices.items()},
        },
        points=curve + numbers,
        tags=_texts(row, _TRIAL_TAGS),
        started_s=_seconds(row, "started_s"),
        ended_s=_seconds(row, "ended_s"),
        failed=getattr(row, "status", None) == "failed",
        trial_id=str(row.trial_id),
        family=str(getattr(row, "family", "")),
        architecture=architecture,
    )


def _seconds(row: Any, name: str) -> float:
    value = getattr(row, name, math.nan)
    return float(value) if _is_number(value) else 0.0


def _texts(row: Any, names: Iterable[str]) -> dict[str, str]:
    import pandas as pd

    found = {name: getattr(row, name, None) for name in names}
    return {
        name: _short(str(value))
        for name, value in found.items()
        if not pd.isna(value) and value != ""
    }


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, Iterable) else ()


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, str) and math.isfinite(value)
    except TypeError:
        return False


def _allowed(name: str) -> str:
    """Replace what MLflow refuses in a name."""
    return re.sub(r"[^\w. -]", "_", name)


def _short(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[: MAX_CHARACTERS - 3] + "..."
