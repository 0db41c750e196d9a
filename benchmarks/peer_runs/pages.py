"""The tables of README.md and docs/concepts/peers.md, and the figure, from the rows.

What stands between two markers is written anew; without rows there is nothing between
them, so that no page shows a figure that was not measured.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from peer_runs.rows import Row
from peer_runs.summary import Entry, Standing, comparable, standings
from peer_runs.tools import OURS, ROOT, TOOLS, Tool

README = ROOT / "README.md"
PAGE = ROOT / "docs" / "concepts" / "peers.md"
FIGURE = ROOT / "docs" / "images" / "peers.html"
BUSY_LOAD = 0.5
NO_TABLE = "compare_peers: no table without kedro-nas and a peer on the same images"
COSTS_HEAD = (
    "| | error, % | parameters | trials an hour | in gradient steps | peak memory, GB "
    "| beyond the budget, s | until the best peer's validation accuracy, s |"
)
_SECTION = re.compile(r"(<!-- peers: (\w+) -->\n).*?(<!-- end of peers -->)", re.DOTALL)


def write_pages(
    rows: Sequence[Row],
    *,
    readme: Path = README,
    page: Path = PAGE,
    figure: Path = FIGURE,
) -> int:
    """Write tables and figure; without rows, remove them.

    Args:
        rows: All measured rows.
        readme: Page with the section `errors`.
        page: Page with the sections `errors` and `details`.
        figure: HTML file.

    Returns:
        0, the exit status.
    """
    for path in (readme, page):
        path.write_text(fill_sections(path.read_text(), rows, figure=figure.name))
    found = standings(rows)
    if found:
        figure.write_text(draw(found).to_html(include_plotlyjs="cdn") + "\n")
    else:
        figure.unlink(missing_ok=True)
    return 0


def fill_sections(text: str, rows: Sequence[Row], *, figure: str) -> str:
    """Return a page with what is between its markers written anew."""
    made = {"errors": errors_section(rows), "details": details_section(rows, figure)}
    return _SECTION.sub(lambda found: found[1] + made[found[2]] + found[3], text)


def text_table(rows: Sequence[Row]) -> str:
    """Return the table of errors, or a sentence that there is none."""
    return errors_section(rows).strip() or NO_TABLE


def errors_section(rows: Sequence[Row]) -> str:
    """Return the errors of all tools in all contests, and who is ahead; or nothing."""
    found = standings(rows)
    if not found:
        return ""
    heads = [f"{s.contest.data}, {s.contest.seconds:.0f} s" for s in found]
    lines = [
        f"| test error, % | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
    ]
    for tool in TOOLS:
        cells = [_cell(_entry_of(standing, tool)) for standing in found]
        if any(cells):
            shown = " | ".join(cell or "not run" for cell in cells)
            lines.append(f"| {tool.label} | {shown} |")
    margins = " | ".join(_margin(standing) for standing in found)
    lines.append(f"| error of kedro-nas below the best peer's by | {margins} |")
    return "\n".join([*lines, "", provenance(rows), ""])


def details_section(rows: Sequence[Row], figure: str) -> str:
    """Return a table of costs for each contest, and the kills; or nothing."""
    found = standings(rows)
    if not found:
        return ""
    parts = [f"[The errors as a figure](../images/{figure})\n"]
    parts += [_costs(standing) for standing in found]
    if kills := [row for row in comparable(rows) if row.killed_at_s is not None]:
        parts.append(_kills(kills, rows))
    return "\n".join(parts)


def provenance(rows: Sequence[Row]) -> str:
    """Return a sentence on when, where and under which load rows were measured."""
    kept = comparable(rows)
    machine = kept[-1].machine
    dates = sorted(row.date[:10] for row in kept)
    period = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    seeds = sorted({row.seed for row in kept})
    busy = sum(row.load_before > BUSY_LOAD for row in kept)
    load = (
        f"the load average, which counts the run before, was above {BUSY_LOAD} "
        f"when {busy} of {len(kept)} runs began"
        if busy
        else "nothing else ran"
    )
    named = ", ".join(map(str, seeds))
    mean_of = (
        f"Mean over seeds {named}, lowest and highest in brackets"
        if len(seeds) > 1
        else f"One run each, seed {named}"
    )
    return (
        f"{mean_of}; {period}, {machine.cores} cores ({machine.processor}), {load}; "
        "`benchmarks/compare_peers.py`, benchmarks/results/peers.json."
    )


def _entry_of(standing: Standing, tool: Tool) -> Entry | None:
    return next((e for e in standing.entries if e.tool.name == tool.name), None)


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return ""
    if entry.error is None:
        return "no model"
    low, high = (100 * value for value in (min(entry.errors), max(entry.errors)))
    spread = f" ({low:.1f} to {high:.1f})" if len(entry.errors) > 1 else ""
    failed = f", {entry.n_failed} without a model" if entry.n_failed else ""
    return f"{100 * entry.error:.1f}{spread}{failed}"


def _margin(standing: Standing) -> str:
    share = standing.less_error
    return "" if share is None else f"{100 * share:.0f} %"


def _costs(standing: Standing) -> str:
    contest = standing.contest
    peer = standing.best_peer
    goal = None if peer is None else peer.final_val_accuracy
    lines = [
        f"**{contest.data}, {contest.seconds:.0f} s**\n",
        COSTS_HEAD,
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in standing.entries:
        if not entry.rows:
            lines.append(f"| {entry.tool.label} | no model | | | | | | |")
            continue
        second = None if goal is None else entry.seconds_to(goal)
        cells = [
            entry.tool.label,
            _cell(entry),
            f"{entry.n_params:,}",
            f"{entry.trials_per_hour:.0f}",
            f"{100 * entry.useful_share:.0f} %",
            f"{entry.peak_memory_mb / 1000:.1f}",
            f"{entry.over_s:.0f}",
            "not reached" if second is None else f"{second:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if standing.fifth is not None and peer is not None:
        lines += ["", _fifth(standing.fifth, peer)]
    return "\n".join([*lines, ""])


def _fifth(fifth: Entry, peer: Entry) -> str:
    seconds = fifth.rows[0].seconds
    return (
        f"With a fifth of the time, {seconds:.0f} s, kedro-nas has {_cell(fifth)} % "
        f"test error; the best peer with all of it, {peer.tool.label}, {_cell(peer)} %."
    )


def _kills(kills: Sequence[Row], rows: Sequence[Row]) -> str:
    lines = [
        "**Killed in mid-run and started again**\n",
        "| | images | killed at, s | work done again, s | error, % | undisturbed, % |",
        "|---|---|---|---|---|---|",
    ]
    for row in kills:
        case = row.case.model_copy(update={"killed_at_s": None})
        calm = next((one for one in rows if one.case == case), None)
        label = next(tool.label for tool in TOOLS if tool.name == row.tool)
        lost = "" if row.lost_s is None else f"{row.lost_s:.0f}"
        lines.append(
            f"| {label} | {row.data} | {row.killed_at_s:.0f} | {lost} | "
            f"{_percent(row)} | {'' if calm is None else _percent(calm)} |"
        )
    return "\n".join([*lines, ""])


def _percent(row: Row) -> str:
    return "no model" if row.test_error is None else f"{100 * row.test_error:.1f}"


def draw(found: Sequence[Standing]) -> go.Figure:
    """Draw the errors as bars, a panel for each contest, with the range over seeds."""
    titles = [f"{s.contest.data}, {s.contest.seconds:.0f} s" for s in found]
    figure = make_subplots(rows=1, cols=len(found), subplot_titles=titles)
    for column, standing in enumerate(found, start=1):
        entries = [e for e in reversed(standing.entries) if e.rows]
        means = [100 * mean(e.errors) for e in entries]
        figure.add_bar(
            x=means,
            y=[e.tool.label for e in entries],
            orientation="h",
            error_x={
                "array": [
                    100 * max(e.errors) - m for e, m in zip(entries, means, strict=True)
                ],
                "arrayminus": [
                    m - 100 * min(e.errors) for e, m in zip(entries, means, strict=True)
                ],
            },
            marker_color=[
                "#2a9d8f" if e.tool.name == OURS else "#adb5bd" for e in entries
            ],
            showlegend=False,
            row=1,
            col=column,
        )
        figure.update_yaxes(showticklabels=column == 1, row=1, col=column)
    figure.update_xaxes(title="test error, %", rangemode="tozero")
    figure.update_layout(title="kedro-nas and its peers at equal wall clock")
    return figure
