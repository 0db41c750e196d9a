"""The local pool keeps the contract; an incomplete subclass says what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.testing import WorkerPoolContract
from kedro_nas.training.workers.worker_pool import WorkerPool, make_pool


@pytest.mark.slow
class TestLocalPool(WorkerPoolContract):
    """Processes on this machine."""

    def make(self, options: JobOptions, log: Path) -> WorkerPool:
        """Return a new pool."""
        return make_pool("local", options, log)


def test_contract_without_a_pool_says_what_to_override(tmp_path: Path) -> None:
    """A subclass that forgets `make` is told so."""
    contract = type("Theirs", (WorkerPoolContract,), {})()

    with pytest.raises(TypeError, match="a subclass of WorkerPoolContract makes"):
        contract.make(JobOptions(), tmp_path)
