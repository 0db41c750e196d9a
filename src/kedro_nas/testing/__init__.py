"""Contracts every block and proposer keeps, ours and yours; subclass them in tests."""

from __future__ import annotations

from kedro_nas.testing.blocks import BlockContract
from kedro_nas.testing.proposers import ProposerContract

__all__ = ["BlockContract", "ProposerContract"]
