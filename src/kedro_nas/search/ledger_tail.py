"""Reads a ledger while a search writes it, in another thread or process.

The file is the queue between a search and whoever looks on: a reader that is slow or
fails holds up nobody, and finds what it missed when it reads again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kedro_nas.search.ledger import parse_lines
from kedro_nas.search.ledger_lines import LedgerLine


@dataclass(frozen=True)
class NewLines:
    """What was written to a ledger since the last look.

    Attributes:
        lines: Complete lines, oldest first.
        from_the_start: Whether they begin with the ledger's first line: on the first
            look, and where the file was replaced, as a search that starts anew does.
    """

    lines: list[LedgerLine]
    from_the_start: bool


class LedgerTail:
    """The growing end of a ledger.

    Args:
        path: The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file_id: tuple[int, int] | None = None
        self._read_bytes = 0
        self._n_lines = 0

    def read(self) -> NewLines:
        """Return the complete lines that were written since the last call.

        Raises:
            LedgerMismatchError: A line is not one that this version writes. The next
                call raises again.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return NewLines([], from_the_start=False)
        with file:
            content, restarted = self._new_bytes(file)
        whole = content[: content.rfind(b"\n") + 1]
        lines = parse_lines(self._path, whole, first_number=self._n_lines + 1)
        self._read_bytes += len(whole)
        self._n_lines += len(lines)
        return NewLines(lines, from_the_start=restarted and bool(lines))

    def _new_bytes(self, file: IO[bytes]) -> tuple[bytes, bool]:
        """Return what was written since, and whether it begins with the first line."""
        found = os.fstat(file.fileno())
        file_id = (found.st_dev, found.st_ino)
        if file_id != self._file_id or found.st_size < self._read_bytes:
            self._file_id, self._read_bytes, self._n_lines = file_id, 0, 0
        file.seek(self._read_bytes)
        return file.read(), self._read_bytes == 0
