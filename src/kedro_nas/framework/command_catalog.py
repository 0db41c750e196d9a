"""Kedro's catalog as commands open it, without waiting for an import of pandas."""

from __future__ import annotations

from typing import Any

from kedro.io import DataCatalog, MemoryDataset
from pydantic import BaseModel

_PLAIN = (dict, list, str, int, float, bool, type(None), BaseModel)


class CommandCatalog(DataCatalog):
    """Kedro's catalog; for a parameter, pandas is not imported.

    To decide how data in memory is copied, Kedro imports pandas, which takes 0.2 s.
    Plain values are copied deeply, as it decides for them; so this states it.
    """

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a dataset, or a value in memory."""
        if isinstance(value, _PLAIN):
            value = MemoryDataset(value, copy_mode="deepcopy")
        super().__setitem__(key, value)


def open_catalog(context: Any) -> Any:
    """Return the catalog of a project: its entries, parameters and hooks.

    Args:
        context: Kedro's context, which may be one of the project's own.
    """
    return context._get_catalog(CommandCatalog)  # noqa: SLF001 - as Kedro's session does
