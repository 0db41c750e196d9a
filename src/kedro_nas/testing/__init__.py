"""Contract tests of blocks, proposers and worker pools, for any package to inherit."""

from __future__ import annotations

from kedro_nas.testing.block_contract import BlockContract
from kedro_nas.testing.proposer_contract import ProposerContract
from kedro_nas.testing.worker_pool_contract import WorkerPoolContract

__all__ = ["BlockContract", "ProposerContract", "WorkerPoolContract"]
