"""The state of a training has a name for each array, and comes back whole."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.named_state import load_state, named_state, path_of
from kedro_nas.training.optimizer import FusedOptimizer


def test_state_names_variables_and_comes_back(small_architecture: Architecture) -> None:
    """Each variable is found by its path; too few arrays are refused."""
    from kedro_nas.models.build import build_model

    model, other = (build_model(small_architecture, seed=s) for s in (1, 2))
    optimizers = [
        FusedOptimizer(
            "adamw",
            [v.value for v in one.trainable_variables],
            weight_decay=0.0,
            pretrained=[False] * len(one.trainable_variables),
        )
        for one in (model, other)
    ]
    state = named_state(model.variables, optimizers[0])
    load_state(other.variables, optimizers[1], state)
    paths = [path_of(name) for name in state]

    assert list(state) == sorted(state)
    assert len(set(paths)) == len(paths)
    assert {"stem_conv1/kernel", "logits/bias", "optimizer/0"} <= set(paths)
    again = named_state(other.variables, optimizers[1])
    pairs = zip(state.values(), again.values(), strict=True)
    assert all(np.array_equal(mine, theirs) for mine, theirs in pairs)
    fewer = dict(list(state.items())[:3])
    with pytest.raises(ValueError, match="shorter"):
        load_state(other.variables, optimizers[1], fewer)
