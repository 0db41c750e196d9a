"""What `kedro nas status --watch` shows: a screen of a terminal, or a line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from kedro_nas.framework.run_status import RunStatus, SearchProgress
from kedro_nas.number_text import counted, duration
from kedro_nas.search.search_view import CurveView, SearchView

_BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_WIDTH = 24


def sparkline(values: Sequence[float], width: int = SPARKLINE_WIDTH) -> str:
    """Draw values as a row of bars, the lowest at the bottom; the last ones if many.

    >>> sparkline([0.1, 0.5, 0.9])
    '▁▅█'
    """
    shown = values[-width:]
    if not shown:
        return ""
    low, span = min(shown), (max(shown) - min(shown)) or 1.0
    return "".join(_BARS[round((v - low) / span * (len(_BARS) - 1))] for v in shown)


def screen(status: RunStatus, view: SearchView) -> RenderableType:
    """Return the full screen.

    Args:
        status: How far the run is.
        view: Its search at this moment.
    """
    parts: list[RenderableType] = [_headline(status), _stages(status)]
    if status.search is not None:
        parts += [Text(), _progress(status.search)]
    if view.rungs:
        parts += [Text(), _rungs(view)]
    if view.training:
        parts += [Text(), _curves("Worker", view.training)]
    if view.best:
        parts += [Text(), _curves("Best", view.best)]
    parts += [Text(), Text("q or Ctrl-C ends this view, not the run", style="dim")]
    return Group(*parts)


def line(status: RunStatus) -> str:
    """Return one line for a log: where the run is, and the search in numbers."""
    where = f"in {status.stage}" if status.running else "not running"
    if status.stage is None:
        where = "finished"
    search = status.search
    if search is None:
        return f"{status.namespace}: {where}"
    return f"{status.namespace}: {where}; {_progress(search).plain}"


def _headline(status: RunStatus) -> Text:
    text = Text(status.namespace, style="bold")
    if status.running:
        return text.append(f"  running, in {status.stage}", style="green")
    said = "finished" if status.stage is None else f"not running, next {status.stage}"
    return text.append(f"  {said}", style="yellow")


def _stages(status: RunStatus) -> Text:
    text = Text()
    for name, done in status.stages.items():
        is_now = name == status.stage
        mark, style = ("●", "green") if done else ("◐", "bold") if is_now else ("○", "")
        text.append(f"{mark} {name}   ", style=style or "dim")
    return text


def _progress(search: SearchProgress) -> Text:
    trials = search.trials
    if search.bracket is None and search.ended_by is None:
        return Text("no trial has begun: a few training steps are timed first")
    text = Text(f"{counted(trials.completed, 'trial')} completed, ")
    text.append(f"{trials.failed} failed, ")
    ended = search.ended_by is not None
    left = trials.stopped if ended else trials.running
    text.append(f"{left} {'stopped' if ended else 'under way'}")
    if search.best is not None:
        text.append(", best ").append(f"{search.best.score:.4f}", style="bold")
    text.append(f", {_seconds(search.spent_s)} spent")
    if search.budget_s is not None:
        text.append(f" of {_seconds(search.budget_s)}")
    if search.left_s is not None:
        text.append(f", {_seconds(search.left_s)} left", style="bold")
    return text


def _rungs(view: SearchView) -> Table:
    table = _table("Rung", "Epochs", "Running", "Done", "Failed", "Median", "Best")
    for one in view.rungs:
        table.add_row(
            f"{one.iteration}.{one.bracket}.{one.rung}",
            *(str(one.epochs), _count(one.running), _count(one.completed)),
            *(_count(one.failed), _score(one.median), _score(one.best)),
        )
    return table


def _curves(title: str, curves: Sequence[CurveView]) -> Table:
    table = _table(title, "Epoch", "Score", "Curve", "Network", left=3)
    for place, one in enumerate(curves, start=1):
        first = str(one.worker) if title == "Worker" else str(place)
        newest = one.scores[-1] if one.scores else None
        table.add_row(
            first,
            f"{one.epoch} of {one.epochs}",
            _score(newest if one.score is None else one.score),
            Text(sparkline(one.scores), style="cyan"),
            one.network,
        )
    return table


def _table(*names: str, left: int | None = None) -> Table:
    """Return an empty table; columns from the number `left` on hold words."""
    table = Table(box=None, header_style="bold dim", pad_edge=False, padding=(0, 2))
    for number, name in enumerate(names):
        is_word = left is not None and number >= left
        table.add_column(
            name,
            justify="left" if is_word else "right",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _seconds(value: float) -> str:
    # tenths would only flicker
    return f"{value:.0f} s" if value < 59.5 else duration(value)


def _count(number: int) -> str:
    return str(number) if number else ""


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
