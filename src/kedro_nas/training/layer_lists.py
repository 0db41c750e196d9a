"""Lists the layers of models."""

from __future__ import annotations

from typing import Any


def layers_of(model: Any) -> list[Any]:
    """Return the layers of a model and of models within it, each once."""
    found: dict[int, Any] = {}
    for layer in getattr(model, "layers", ()):
        found |= {id(layer): layer} | {id(x): x for x in layers_of(layer)}
    return list(found.values())
