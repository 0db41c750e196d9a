"""Proposals that are chosen together, where many trainings are under way.

With a thousand workers a proposal may be due every tenth of a second, and knows the
outcomes only of places far behind it. Choosing each by a model of its own would keep
workers waiting (0.9 s of processor time with 500 scores and 4,000 under way) and teach
it little: between two proposals hardly anything becomes known.

What a batch holds depends on the proposals and outcomes before its first one alone, so
that a process that is started again in the middle of a batch goes on with the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

CandidateT = TypeVar("CandidateT")

UNDER_WAY_FOR_EACH = 16  # candidates in training for each place of a batch
MOST_TOGETHER = 256  # proposals of a batch
# Candidates in training that the model is conditioned on, the newest ones: its time
# grows with the cube of their number.
MOST_PENDING = 250


@dataclass
class ProposalBatch(Generic[CandidateT]):
    """Some proposals in a row, chosen from what was known before the first of them.

    Attributes:
        start: Proposals before the first one.
        n_outcomes: Outcomes told before it.
        size: Proposals, at least 1; 1 unless many are under way.
        pending: Newest candidates under way before it.
        since: Keys of the proposals made since.
        chosen: What is left of the candidates chosen, best first; None until then.
    """

    start: int
    n_outcomes: int
    size: int
    pending: Sequence[CandidateT]
    since: set[str] = field(default_factory=set)
    chosen: list[CandidateT] | None = None

    @classmethod
    def begin(
        cls, start: int, n_outcomes: int, under_way: Sequence[CandidateT]
    ) -> ProposalBatch[CandidateT]:
        """Begin a batch, the larger the more candidates are under way."""
        size = min(MOST_TOGETHER, max(1, len(under_way) // UNDER_WAY_FOR_EACH))
        return cls(start, n_outcomes, size, under_way[-MOST_PENDING:])

    def holds(self, number: int) -> bool:
        """Return whether a proposal belongs to the batch.

        Args:
            number: Proposals before it.
        """
        return number < self.start + self.size
