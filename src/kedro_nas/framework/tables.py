"""Plain tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    cells = [[_cell(row.get(key)) for key in columns] for row in rows]
    table = [list(columns.values()), *cells]
    widths = [max(len(line[n]) for line in table) for n in range(len(columns))]
    numeric = [
        any(isinstance(row.get(key), int | float) for row in rows) for key in columns
    ]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in table
    )


def _cell(value: Cell) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN of a data frame
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
