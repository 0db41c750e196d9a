"""Base classes of the records that are passed between stages."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
)
from typing_extensions import Self

from kedro_nas.errors import RecordError
from kedro_nas.space.architecture import Architecture

Network = Annotated[Architecture, PlainSerializer(Architecture.to_dict)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Strings = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Part(BaseModel):
    """A frozen value inside a record; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Record(Part):
    """A dataset written as JSON.

    Attributes:
        dataset: Name of the dataset, without its namespace.
        stage: The stage that writes it.
    """

    dataset: ClassVar[str]
    stage: ClassVar[str]

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read a record from the JSON values of its dataset.

        Args:
            value: What the catalog loaded, or an instance of this class.

        Raises:
            RecordError: The file has another version, or was edited; the message names
                the faulty fields and the stage that writes the file again.
        """
        if isinstance(value, cls):
            return value
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}"
                for fault in error.errors()[:5]
            ]
            raise RecordError(
                f"the dataset '{cls.dataset}' cannot be read",
                received="; ".join(faults),
                allowed=f"what this version of the stage {cls.stage} writes",
                remedy=f"Run the stage {cls.stage} again; what it has trained is kept",
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `read` is the inverse."""
        return self.model_dump(mode="json", by_alias=True)
