"""Which pool of this machine may keep its workers on their cores: one at a time.

Two pools that both pin would put their workers on the same cores, in the same order,
and leave others idle; of two the second leaves the choice of cores to the system, which
moves its workers to where the first one is idle. The claim is `flock` on a file of the
user's, so it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


class CoreClaim:
    """A claim on the cores this process may use.

    Args:
        cores: Their numbers, at least one.

    Attributes:
        granted: Whether no other living pool had claimed these cores before.
    """

    def __init__(self, cores: Sequence[int]) -> None:
        name = f"kedro-nas-{os.getuid()}-cores-{min(cores)}-{max(cores)}.lock"
        path = Path(tempfile.gettempdir()) / name
        self._descriptor: int | None = None
        # without a folder for temporary files, or locks in it, workers are not pinned
        with contextlib.suppress(OSError):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.granted = True
            return
        self.granted = False
        self.release()

    def release(self) -> None:
        """Give the claim back; harmless when there is none."""
        if self._descriptor is None:
            return
        if self.granted:
            # explicitly, as forked children share the descriptor
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = None
