"""Who goes on to the next rung: the best, and a place for the slow starter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SLOPE_EPOCHS = 3  # the recent slope is taken over so many epochs


@dataclass(frozen=True)
class Candidate:
    """A member of a rung that has ended.

    Attributes:
        trial_id: Of its trial.
        score: What the rung is ordered by, higher is better.
        recent: Scores by epoch, oldest first.
        is_immune: Whether it goes on whatever its score.
    """

    trial_id: str
    score: float
    recent: Sequence[float]
    is_immune: bool = False


def promote(
    candidates: Sequence[Candidate], *, places: int, slope_places: int
) -> list[str]:
    """Choose who trains on.

    Immune candidates have the first places, as far as there are any. Of three or more
    places the last `slope_places` go to the steepest recent slopes among those the
    score alone would cut, but the first place that no immune candidate has is the best
    score's. With fewer places the score decides alone: a single place is the rung's
    result, and the second is its only control.

    Args:
        candidates: In the order of their creation, which breaks ties.
        places: How many go on, at most.
        slope_places: How many of these are kept for slopes.

    Returns:
        Trial ids, best score first, slopes last.

    >>> rung = [Candidate("a", .9, [.9, .9]), Candidate("b", .8, [.8, .8]),
    ...         Candidate("c", .7, [.7, .7]), Candidate("d", .5, [.2, .5])]
    >>> promote(rung, places=3, slope_places=1)
    ['a', 'b', 'd']
    """
    by_score = sorted(candidates, key=lambda c: -c.score)
    immune = [c for c in by_score if c.is_immune][:places]
    others = [c for c in by_score if not c.is_immune]
    free = places - len(immune)
    kept_for_slopes = max(0, min(slope_places, places - 2, free - 1))
    by_their_scores = free - kept_for_slopes
    best = [*immune, *others[:by_their_scores]]
    rest = others[by_their_scores:]
    by_slope = sorted(rest, key=lambda c: -_slope(c.recent))
    chosen = by_slope[:kept_for_slopes]
    best.sort(key=lambda c: -c.score)
    return [c.trial_id for c in (*best, *chosen)]


def _slope(scores: Sequence[float]) -> float:
    """Return the gain per epoch over the last epochs, 0 with a single one."""
    recent = list(scores[-SLOPE_EPOCHS:])
    if len(recent) < 2:
        return 0.0
    return (recent[-1] - recent[0]) / (len(recent) - 1)
