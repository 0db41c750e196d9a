"""What can go wrong, in one grammar: what, received, allowed, what to do.

KedroNasError
├── ParameterError     an option or its YAML
├── DataError          images, labels, splits
├── SearchSpaceError   choices, bounds, blocks, architectures
├── TrainingError      one unit of training (a trial, a fold, the final fit)
├── SearchError        the search as a whole, its state on disk
├── RankingError       statistics that have too little to stand on
├── ExportError        writing, reloading and comparing models
└── RecordError        a dataset of another stage that cannot be read

Low layers raise with the short truth; the public function at the door adds the
context, once, with `raise ... from error`.
"""

from __future__ import annotations

from collections.abc import Callable

from kedro_nas.redaction import redacted


class KedroNasError(Exception):
    """An error a person can act on; its message is without secrets.

    Args:
        failed: What could not be done, one clause.
        received: The value or state that was met.
        allowed: What would have been accepted.
        remedy: What to do now, one imperative sentence.

    >>> print(DataError("cannot read the images", received="an empty table",
    ...                 allowed="at least one row", remedy="Check the catalog entry."))
    cannot read the images. Received: an empty table. Allowed: at least one row. Check
    the catalog entry.
    """

    def __init__(
        self, failed: str, *, received: str = "", allowed: str = "", remedy: str = ""
    ) -> None:
        # messages reach logs, reports and trackers
        self.failed = redacted(failed)
        self.received = redacted(received)
        self.allowed = redacted(allowed)
        self.remedy = redacted(remedy)
        super().__init__(self._sentence())

    def reword(self, change: Callable[[str], str]) -> None:
        """Change the wording of each part, for those who know more of the context."""
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
    """Images, labels or splits from which no honest result can come."""


class SearchSpaceError(KedroNasError):
    """A choice, bound, block or architecture that cannot be."""


class TrainingError(KedroNasError):
    """One unit of training did not end in a score."""


class SearchError(KedroNasError):
    """The search cannot start or go on."""


class RankingError(KedroNasError):
    """Too few or unusable scores for the statistic asked for."""


class ExportError(KedroNasError):
    """A model could not be written, reloaded, or is not the same afterwards."""


class RecordError(KedroNasError):
    """A dataset that another stage wrote does not hold what this version reads."""
