"""A node of ours that has run, with what it was given and what it returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kedro_nas.framework.registered import is_ours
from kedro_nas.pipelines.nas.pipeline import PREFIX, host_names, namespace_of


@dataclass(frozen=True)
class FinishedNode:
    """A node that has run; Kedro's dictionaries are read by our names.

    Attributes:
        node: Kedro's node.
        inputs: What it was given, by the host's names.
        outputs: What it returned, by the host's names; not saved yet.
    """

    node: Any
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it is a node of this package."""
        return is_ours(self.node)

    @property
    def function(self) -> str:
        """Name of its function, see `kedro_nas.stages`."""
        return str(self.node.func.__name__)

    @property
    def namespace(self) -> str:
        """Namespace of its search."""
        return namespace_of(self.node) or "nas"

    def value(self, name: str) -> Any:
        """Return an input or output of a node of ours.

        Args:
            name: As in this package, whatever the host calls it: `trials`, or
                `params:reporting`.
        """
        theirs = host_names(self.node)[name]
        given = self.outputs if theirs in self.outputs else self.inputs
        return given[theirs]

    def parameters(self) -> Iterator[tuple[str, Any]]:
        """Yield the host's name, without `params:`, and value of each parameter."""
        for name, value in self.inputs.items():
            if name.startswith(PREFIX):
                yield name.removeprefix(PREFIX), value
