"""Base class of all option models."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self

from kedro_nas.errors import ParameterError

OptionsType = TypeVar("OptionsType", bound="Options")
# costs of a network against which its score can be weighed
CostName = Literal["params", "macs", "latency"]


# present names of options of earlier versions, by section and name
MOVED: Mapping[str, str] = {
    "search.pipeline_budget_s": "nas.budget_s",
    "search.objective": "nas.job.objective",
    "search.workers": "nas.job.workers",
    "search.threads_per_worker": "nas.job.threads_per_worker",
    "search.execution": "nas.job.execution",
    "search.max_silence_s": "nas.job.max_silence_s",
    "search.max_attempts": "nas.job.max_attempts",
    "search.max_resident_mb": "nas.job.max_resident_mb",
    "search.max_worker_memory_mb": "nas.job.max_worker_memory_mb",
    "ranking.baseline": "nas.job.baseline",
    "ranking.finalists": "nas.search.finalists",
    "ranking.last": "nas.search.newest_candidates",
    "ranking.max_per_family": "nas.search.max_per_family",
    "ranking.final_epochs": "nas.export.epochs",
    "ranking.final_factor": "nas.export.epochs_factor",
    "ranking.final_budget_s": "nas.export.budget_s",
    "ranking.seeds": "nas.export.seeds",
}
GONE: Mapping[str, str] = {
    "search.reserved_share": "each stage has its share of nas.budget_s",
    "search.max_epoch_share": "search_space.max_macs: auto follows what was measured",
}


def what_became_of(section: str, option: str) -> str | None:
    """Return the present name of an option of an earlier version, None for others.

    Args:
        section: Such as `search`.
        option: Its name in that section.

    >>> what_became_of("search", "workers")
    'moved to nas.job.workers'
    """
    name = f"{section}.{option}"
    if name in MOVED:
        return f"moved to {MOVED[name]}"
    return f"gone, {GONE[name]}" if name in GONE else None


class Options(BaseModel):
    """Options of one section: frozen, and a misspelt key is an error.

    Attributes:
        section: Its name in the parameters; empty for options within a section.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    section: ClassVar[str] = ""

    @classmethod
    def parse(cls, value: Any, *, where: str) -> Self:
        """Return validated options; Kedro may pass an instance or a mapping.

        Args:
            value: An instance of this class, a mapping, or None for the defaults.
            where: The parameter's name for the message, e.g. `nas.search`.

        Raises:
            ParameterError: All faults of the mapping, in one list.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, BaseModel):
            value = value.model_dump()
        try:
            return cls.model_validate({} if value is None else value)
        except ValidationError as error:
            received, allowed = faults(error, cls)
            raise ParameterError(
                f"the parameters '{where}' are not valid",
                received=received,
                allowed=allowed,
                remedy="Correct them in conf/<env>/parameters*.yml or --params",
            ) from error


def faults(error: ValidationError, model: type[Options]) -> tuple[str, str]:
    """Return what was received and what is allowed, for all faults of a validation.

    For an unknown option that is the present option or the closest known name, and the
    known names; for a wrong value its range. Several allowed forms, such as a number or
    `auto`, are one fault.
    """
    received: dict[str, str] = {}
    allowed: dict[str, list[str]] = {}
    for fault in error.errors():
        path = tuple(p for p in fault["loc"] if not _FORM.fullmatch(str(p)))
        while _dotted(path[:-1]) in received:  # an item of a value named already
            path = path[:-1]
        name = _dotted(path)
        if fault["type"] == "extra_forbidden":
            received[name] = f"{name}: {_unknown(name, path, model)}"
            name, said = _dotted(path[:-1]), ", ".join(_names_at(model, path[:-1]))
        else:
            value = repr(fault["input"])
            received.setdefault(name, f"{name}={value}" if name else value)
            said = _wanted(fault["msg"])
        if said and said not in allowed.setdefault(name, []):
            allowed[name].append(said)
    wanted = (
        f"{n}: {' or '.join(a)}" if n else "; ".join(a) for n, a in allowed.items()
    )
    return "; ".join(received.values()), "; ".join(wanted)


def _dotted(path: tuple[int | str, ...]) -> str:
    return ".".join(map(str, path))


def _wanted(said: str) -> str:
    """Return the words of pydantic, or of a validator, as what is allowed."""
    said = said.removeprefix("Value error, ").partition(", unable to")[0]
    for start in ("Input should be ", "should be ", "must be "):
        said = said.removeprefix(start)
    for theirs, ours in _WORDS.items():
        said = said.replace(theirs, ours)
    return said


_WORDS = {
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "above",
    "less than": "below",
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid dictionary": "a mapping",
    "a valid boolean": "true or false",
    "a valid string": "text",
    "a valid integer": "an integer",
    "a valid number": "a number",
}
# pydantic appends the form it tried to the location of a fault
_FORM = re.compile(
    r"float|int|str|bool|none|Range|constrained-\w+|(literal|tuple|function-\w+)\[.*\]"
)


def _unknown(name: str, path: tuple[int | str, ...], model: type[Options]) -> str:
    now = what_became_of(model.section, name)
    if now is not None:
        return now
    names = _names_at(model, path[:-1])
    close = difflib.get_close_matches(str(path[-1]), names, n=1)
    return f"unknown, did you mean '{close[0]}'?" if close else "unknown"


def _names_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the names of the options allowed at a place of nested options."""
    for part in path:
        field = model.model_fields.get(str(part))
        kind = None if field is None else field.annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
