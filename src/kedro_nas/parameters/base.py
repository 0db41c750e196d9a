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
            raise ParameterError(
                f"the parameters '{where}' are not valid",
                received=faults(error, cls),
                allowed=", ".join(cls.model_fields),
                remedy="Correct them in conf/<env>/parameters*.yml or --params",
            ) from error


def faults(error: ValidationError, model: type[Options]) -> str:
    """Return a description of all faults of a validation, one line.

    For an unknown option it names the present option or the closest known name. Errors
    for several allowed forms, such as a number or `auto`, are joined into one fault.
    """
    lines: dict[str, str] = {}
    for fault in error.errors():
        path = tuple(p for p in fault["loc"] if not _FORM.fullmatch(str(p)))
        name = ".".join(map(str, path)) or "(all)"
        if fault["type"] == "extra_forbidden":
            lines[name] = f"{name}: {_unknown(name, path, model)}"
        elif name in lines:
            lines[name] += f", or {fault['msg'].lower()}"
        else:
            lines[name] = f"{name}={fault.get('input')!r}: {fault['msg'].lower()}"
    return "; ".join(lines.values())


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
