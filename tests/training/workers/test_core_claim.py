"""One pool at a time may pin its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kedro_nas.training.workers.core_claim import CoreClaim


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_claim_is_granted_to_one_until_it_is_released() -> None:
    """The second waits for nothing and is told no; after the release it may."""
    first, second = CoreClaim([0, 1]), CoreClaim([0, 1])
    first.release()
    third = CoreClaim([0, 1])
    third.release()

    assert (first.granted, second.granted, third.granted) == (True, False, True)


def test_claim_on_other_cores_is_granted_too() -> None:
    """Pools that run on different cores do not get in each other's way."""
    first, second = CoreClaim([0, 1]), CoreClaim([2, 3])
    first.release()
    second.release()

    assert first.granted
    assert second.granted


def test_claim_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    """A pool that was killed blocks nobody."""
    program = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1];"
        "from kedro_nas.training.workers.core_claim import CoreClaim;"
        "claim = CoreClaim([0, 1]); print(claim.granted, flush=True); os._exit(9)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    held = subprocess.run(command, capture_output=True, text=True, check=False)
    after = CoreClaim([0, 1])
    after.release()

    assert held.stdout == "True\n"
    assert after.granted


def test_claim_without_a_place_for_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are then left to the system, which costs speed and no error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    claim = CoreClaim([0])
    claim.release()

    assert not claim.granted


def test_claim_released_twice_closes_no_other_file(tmp_path: Path) -> None:
    """A descriptor that was given back may be another file's by now."""
    claim = CoreClaim([0])
    claim.release()
    with (tmp_path / "other").open("w") as other:
        claim.release()

        assert os.fstat(other.fileno())
