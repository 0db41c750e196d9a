"""`kedro_nas.latency.litert_graph`: the runtime computes what was written."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from kedro_nas.errors import ExportError
from kedro_nas.latency.litert_graph import LitertGraph


def test_graph_computes_what_was_written() -> None:
    """Sums, products and a mean give the numbers of NumPy."""
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    graph = LitertGraph(1, 2, 2, 3)
    doubled = graph.binary("ADD", graph.input, graph.input)
    squared = graph.binary("MUL", doubled, graph.input)
    file = graph.pack(graph.reduce("MEAN", squared, 1, 2))
    model = runtime.Interpreter(model_content=file)
    model.allocate_tensors()
    pixels = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    model.set_tensor(model.get_input_details()[0]["index"], pixels)
    model.invoke()
    found = model.get_tensor(model.get_output_details()[0]["index"])

    assert found == pytest.approx((2 * pixels**2).mean(axis=(1, 2), keepdims=True))


def test_graph_without_the_runtime_names_the_extra(monkeypatch) -> None:
    """The schema of the files is part of the runtime's package."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)

    with pytest.raises(ExportError, match=r"kedro-nas\[litert\]"):
        LitertGraph(1, 4)
