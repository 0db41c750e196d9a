"""Plain tables for the terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Literal

WIDEST = 10_000  # characters of a line
Cell = str | int | float | bool | None


def format_table(rows: Sequence[Mapping[str, Cell]], columns: dict[str, str]) -> str:
    """Align rows under headings.

    Args:
        rows: One mapping per line.
        columns: Key in a row to its heading, in order.

    >>> print(format_table([{"name": "a", "mean": 0.5}, {"name": "bc", "mean": None}],
    ...                    {"name": "network", "mean": "accuracy"}))
    network  accuracy
    a          0.5000
    bc              -
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for key, heading in columns.items():
        is_numeric = any(isinstance(row.get(key), int | float) for row in rows)
        side: Literal["left", "right"] = "right" if is_numeric else "left"
        table.add_column(Text(heading), justify=side, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(key))) for key in columns))
    # as wide as it is, without colours: the answer may go to a file or a program
    written = io.StringIO()
    Console(file=written, width=WIDEST, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def _cell(value: Cell) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN of a data frame
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
