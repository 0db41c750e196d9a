"""Errors that state what failed, what was received, what is allowed, what to do.

KedroNasError
├── ParameterError     an option or its YAML
├── DataError          images, labels, splits
├── SearchSpaceError   choices, bounds, blocks, architectures
├── TrainingError      one unit of training (a trial, a fold, the final fit)
├── SearchError        the search as a whole, its state on disk
├── RankingError       too few or unusable scores for a statistic
├── ExportError        writing, reloading and comparing models
└── RecordError        a dataset written by another stage that cannot be read

Lower layers raise with the immediate cause; the public function that was called adds
the context once, with `raise ... from error`.
"""

from __future__ import annotations

from collections.abc import Callable

from kedro_nas.redaction import redacted


class KedroNasError(Exception):
    """An error that a user can act on; secrets are removed from its message.

    Args:
        failed: What could not be done, as one clause.
        received: The value or state that caused it.
        allowed: What would have been accepted.
        remedy: What to do, as one imperative sentence.

    >>> print(DataError("cannot read the images", received="an empty table",
    ...                 allowed="at least one row", remedy="Check the catalog entry."))
    cannot read the images. Received: an empty table. Allowed: at least one row. Check
    the catalog entry.
    """

    def __init__(
        self, failed: str, *, received: str = "", allowed: str = "", remedy: str = ""
    ) -> None:
        # messages are written to logs, reports and experiment trackers
        self.failed = redacted(failed)
        self.received = redacted(received)
        self.allowed = redacted(allowed)
        self.remedy = redacted(remedy)
        super().__init__(self._sentence())

    def reword(self, change: Callable[[str], str]) -> None:
        """Apply a change to each part of the message, for callers with more context."""
        self.failed = change(self.failed)
        self.received = change(self.received)
        self.allowed = change(self.allowed)
        self.remedy = change(self.remedy)
        self.args = (self._sentence(),)

    def _sentence(self) -> str:
        parts = [
            self.failed,
            self.received and f"Received: {self.received}",
            self.allowed and f"Allowed: {self.allowed}",
            self.remedy,
        ]
        return " ".join(_ended(part) for part in parts if part)


def _ended(part: str) -> str:
    return part if part.endswith("?") else part.rstrip(".") + "."


class ParameterError(KedroNasError):
    """An option is missing, misspelt, of a wrong type or out of range."""


class DataError(KedroNasError):
    """Images, labels or splits from which no valid result can be obtained."""


class SearchSpaceError(KedroNasError):
    """A choice, bound, block or architecture that is not valid."""


class TrainingError(KedroNasError):
    """One unit of training ended without a score."""


class SearchError(KedroNasError):
    """The search cannot start or continue."""


class RankingError(KedroNasError):
    """Too few or unusable scores for a statistic."""


class ExportError(KedroNasError):
    """A model could not be written or reloaded, or changed by being reloaded."""


class RecordError(KedroNasError):
    """A dataset that another stage wrote does not hold what this version reads."""
