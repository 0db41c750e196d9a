"""The command group `kedro nas`; each command is imported when it is called."""

from __future__ import annotations

import click
from kedro.framework.cli.utils import LazyGroup


@click.group(name="kedro-nas")
def commands() -> None:
    """Commands of kedro-nas."""


@commands.group(
    name="nas",
    cls=LazyGroup,
    lazy_subcommands={},
)
def nas() -> None:
    """Neural architecture search: set up, look before, look during, look after."""
