"""What every option model has in common."""

from __future__ import annotations

import difflib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self

from kedro_nas.errors import ParameterError

OptionsType = TypeVar("OptionsType", bound="Options")


class Options(BaseModel):
    """Options of one stage: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def parse(cls, value: Any, *, where: str) -> Self:
        """Accept an instance or a mapping, as Kedro may hand over either.

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


def faults(error: ValidationError, model: type[BaseModel]) -> str:
    """Describe every fault of a validation in one line, with 'did you mean'."""
    lines = []
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"]) or "(all)"
        if fault["type"] == "extra_forbidden":
            close = difflib.get_close_matches(
                str(fault["loc"][-1]), _names_at(model, fault["loc"][:-1]), n=1
            )
            hint = f", did you mean '{close[0]}'?" if close else ""
            lines.append(f"{name}: unknown{hint}")
        else:
            lines.append(f"{name}={fault.get('input')!r}: {fault['msg'].lower()}")
    return "; ".join(lines)


def _names_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """List the options that may stand at a place of nested options."""
    for part in path:
        field = model.model_fields.get(str(part))
        kind = None if field is None else field.annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
