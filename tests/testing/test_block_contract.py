"""Every block and attention keeps the contract, ours and a user's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.space.registry import (
    attention_names,
    block_names,
    find_block,
    forget_block,
)
from kedro_nas.testing import BlockContract

EXAMPLES = Path(__file__).parents[2] / "examples" / "custom_block"
PATH = "temporal_attention:temporal_attention"

for _name in block_names():
    _class = f"Test{_name.title().replace('_', '')}"
    globals()[_class] = type(_class, (BlockContract,), {"block": _name})

for _name in attention_names():
    _class = f"Test{_name.title().replace('_', '')}InResidual"
    globals()[_class] = type(
        _class, (BlockContract,), {"block": "residual", "attention": _name}
    )


class TestCustomBlock(BlockContract):
    """The worked example, a user's own function over Keras tensors."""

    block = "temporal_attention"
    path = PATH

    @pytest.fixture(autouse=True)
    def _registered(self, monkeypatch: pytest.MonkeyPatch):
        """Make the example importable and known, then forget it."""
        monkeypatch.syspath_prepend(str(EXAMPLES))
        register_custom_blocks({self.block: PATH}, {self.block: {"heads": (1, 2)}})
        yield
        forget_block(self.block)
        sys.modules.pop("temporal_attention", None)


def test_contract_of_a_block_with_a_path_registers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user's plain function needs no more than a class with its name and path."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    contract = type("Theirs", (BlockContract,), {"block": "temporal", "path": PATH})()
    made = contract.architecture((8, 8, 1))
    found = find_block("temporal")
    forget_block("temporal")
    sys.modules.pop("temporal_attention", None)

    assert found.path == PATH
    assert made.custom_blocks == (("temporal", PATH),)
