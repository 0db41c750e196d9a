"""`kedro_nas.latency.operator_files`: LiteRT files without TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.latency.operator_files import KINDS, write_network, write_operator
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.space.operators import Operator, list_operators

SPECIAL = {
    "conv": Operator("conv", 8, 8, 16, 24, 3, 2),
    "conv1d": Operator("conv1d", 16, 1, 1, 1, 3),
    "attention": Operator("attention", 16, 1, 24, 32, 2),
    "dense": Operator("dense", 1, 1, 24, 10),
    "concatenate": Operator("concatenate", 8, 8, 1, 2),
    "depthwise": Operator("depthwise", 8, 8, 16, 16, 5, 2),
    "max_pool": Operator("max_pool", 8, 8, 16, 16, 2),
}


def run(file: bytes) -> tuple[Any, np.ndarray]:
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    model = runtime.Interpreter(model_content=file)
    model.allocate_tensors()
    taken = model.get_input_details()[0]
    pixels = np.random.default_rng(0).uniform(0, 1, taken["shape"])
    model.set_tensor(taken["index"], pixels.astype(np.float32))
    model.invoke()
    return model, model.get_tensor(model.get_output_details()[0]["index"])


@pytest.mark.parametrize("kind", KINDS)
def test_file_of_every_kind_runs(kind: str) -> None:
    """Each kind of operator can be timed alone."""
    pytest.importorskip("ai_edge_litert")
    operator = SPECIAL.get(kind, Operator(kind, 4, 4, 16, 16))
    _, found = run(write_operator(operator))

    assert np.isfinite(found).all()


def test_whole_networks_run_and_give_probabilities() -> None:
    """A network is written with all its operators in their order."""
    pytest.importorskip("ai_edge_litert")
    for one in draw_networks([(16, 16, 3), (24, 17, 1)], 12, 0):
        _, found = run(write_network(one))

        assert found.shape == (1, 10)
        assert found.sum() == pytest.approx(1, abs=1e-4)


def test_kinds_are_those_that_networks_have() -> None:
    """No operator of the vocabulary is without a file."""
    networks = draw_networks([(32, 32, 3)], 150, 0)
    found = {operator.kind for one in networks for operator in list_operators(one)}

    assert found <= set(KINDS)
