"""Progress display of a search: a live line on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from typing_extensions import Self

from kedro_nas.search.trial_schedule import Place
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Epoch, Outcome

logger = logging.getLogger(__name__)


class Progress:
    """Displays the progress that the driver reports.

    Args:
        mode: `auto` or `off`.
        budget_s: Wall seconds of the search, for the bar and the time left.
        total_trials: Trials of the schedule when there is no budget; None if endless.
        clock: Returns the seconds the search has run.
        ended: Trials that ended before, in earlier sessions.
    """

    def __init__(
        self,
        mode: Literal["auto", "off"],
        *,
        budget_s: float | None,
        total_trials: int | None,
        clock: Callable[[], float],
        ended: int = 0,
    ) -> None:
        console = Console(stderr=True)
        self._on = mode == "auto"
        self._live = self._on and console.is_terminal
        self._budget_s = budget_s
        self._total = total_trials
        self._clock = clock
        self._ended = ended
        self._best: tuple[float, str] | None = None
        self._where = "starting workers"
        self._bars = Bars(
            TextColumn("search"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._bar = self._bars.add_task("", total=budget_s or total_trials)

    def __enter__(self) -> Self:
        """Start the live line, if one is used."""
        self._bars.start()
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the live line."""
        self._bars.stop()

    def started(self, trial_name: str, place: Place) -> None:
        """Show that a worker has started a trial."""
        self._where = f"bracket {place.bracket} rung {place.rung} {trial_name}"
        self._show()

    def epoch(self, trial_name: str, epoch: Epoch) -> None:
        """Show that a trial has completed an epoch."""
        score = "" if epoch.val_accuracy is None else f" val {epoch.val_accuracy:.3f}"
        self._where = f"{trial_name} epoch {epoch.epoch}{score}"
        self._show()

    def ended(self, architecture: Architecture, outcome: Outcome, place: Place) -> None:
        """Show how a trial ended."""
        self._ended += 1
        score = outcome.score
        if score is not None and (self._best is None or score > self._best[0]):
            self._best = (score, architecture.describe())
        self._show()
        if self._on and not self._live:
            logger.info("%s", self._line(architecture, outcome, place))

    def _line(self, architecture: Architecture, outcome: Outcome, place: Place) -> str:
        how = f"{outcome.score:.4f}" if outcome.score is not None else outcome.reason
        best = f", best {self._best[0]:.4f}" if self._best else ""
        return (
            f"trial {self._ended}: bracket {place.bracket} rung {place.rung}, "
            f"{len(outcome.history)} epochs, {how} ({architecture.describe()})"
            f"{best}, {self._clock():.0f} s{self._left()}"
        )

    def _show(self) -> None:
        if not self._live:
            return
        done = self._clock() if self._budget_s else self._ended
        best = f" · best {self._best[0]:.3f} {self._best[1]}" if self._best else ""
        text = f"{self._ended} trials · {self._where}{best}{self._left()}"
        self._bars.update(self._bar, completed=done, description=text)

    def _left(self) -> str:
        now = self._clock()
        if self._budget_s is not None:
            return f", {max(0.0, self._budget_s - now):.0f} s left"
        if self._total is not None and self._ended:
            left = now / self._ended * max(0, self._total - self._ended)
            return f", about {left:.0f} s left"
        return ""
