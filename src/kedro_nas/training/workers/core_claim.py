"""The claim of one worker pool to pin its workers to the cores of this machine.

Two pools that both pin would put their workers on the same cores, in the same order,
and leave other cores idle. So only the first pool pins; the second leaves placement to
the system. The claim is a lock (`flock`) on a file of the user, so it ends with the
process that holds it, even when that is killed.
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
        granted: Whether no other running pool holds a claim on these cores.
    """

    def __init__(self, cores: Sequence[int]) -> None:
        name = f"kedro-nas-{os.getuid()}-cores-{min(cores)}-{max(cores)}.lock"
        path = Path(tempfile.gettempdir()) / name
        self._descriptor: int | None = None
        # where temporary files or locks are impossible, workers are not pinned
        with contextlib.suppress(OSError):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.granted = True
            return
        self.granted = False
        self.release()

    def release(self) -> None:
        """Release the claim; does nothing when it was not granted."""
        if self._descriptor is None:
            return
        if self.granted:
            # explicitly, as forked children share the descriptor
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = None
