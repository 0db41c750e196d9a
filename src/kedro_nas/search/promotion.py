"""Promotion to the next rung: by score, with some places for recent slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SLOPE_EPOCHS = 3  # number of last epochs that define the recent slope


@dataclass(frozen=True)
class Candidate:
    """A completed trial that is considered for promotion.

    Attributes:
        trial_id: Of its trial.
        score: Score that orders the rung, higher is better.
        recent: Scores by epoch, oldest first.
        is_immune: Whether it is promoted regardless of its score.
    """

    trial_id: str
    score: float
    recent: Sequence[float]
    is_immune: bool = False


def promote(
    candidates: Sequence[Candidate], *, places: int, slope_places: int
) -> list[str]:
    """Return the trials that are promoted.

    Immune candidates get the first places. Of three or more places the last
    `slope_places` go to the steepest recent slopes among the candidates that would be
    eliminated by score, but the first place left by immune candidates always goes to
    the best score. With fewer places only the score decides: a single place is the
    result of the rung, and the second one its only check.

    Args:
        candidates: In the order of their creation, which breaks ties.
        places: Number of candidates promoted, at most.
        slope_places: Number of these places reserved for slopes.

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
