"""`kedro_nas.latency.litert_files`: networks as the converter writes them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kedro_nas.latency import litert_files
from kedro_nas.latency.litert_files import (
    kept_saved_model,
    saved_model_of,
    write_untrained,
)
from kedro_nas.latency.operator_files import write_network
from kedro_nas.latency.probe_files import draw_networks

# Reshapes are written in other places, and an attention flattens its input or does not.
PASSING = {"RESHAPE", "DELEGATE"}


def operators(file: bytes) -> Counter[str]:
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    plain = runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    model = runtime.Interpreter(model_content=file, experimental_op_resolver_type=plain)
    details = model._get_ops_details()
    return Counter(one["op_name"] for one in details if one["op_name"] not in PASSING)


@pytest.mark.slow
def test_converted_networks_have_the_operators_that_are_timed(tmp_path: Path) -> None:
    """What is predicted operator by operator is what the exported file executes.

    Without self-attention, of which the converter writes the biases separately.
    """
    pytest.importorskip("ai_edge_litert")
    drawn = [
        one
        for one in draw_networks([(16, 16, 3)], 20, 1)
        if all(stage.attention != "self_attention" for stage in one.stages)
    ]
    assert len(drawn) >= 3
    for number, one in enumerate(drawn[:3]):
        path = write_untrained(one, tmp_path / f"{number}.tflite")

        assert operators(path.read_bytes()) == operators(write_network(one))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Replace the writing of a SavedModel; returns the models it was called with."""
    models: list[object] = []

    def write(model: object, folder: Path) -> None:
        models.append(model)
        (folder / "saved_model.pb").write_text(str(model))

    monkeypatch.setattr(litert_files, "_write_saved_model", write)
    return models


def text_of(model: object) -> str:
    with saved_model_of(model) as folder:
        return (folder / "saved_model.pb").read_text()


def test_saved_model_of_a_model_is_kept_where_asked(written: list[object]) -> None:
    """Four LiteRT files are converted from one SavedModel, and it is deleted after."""
    with kept_saved_model("first"):
        assert [text_of("first") for _ in range(4)] == ["first"] * 4
        with saved_model_of("first") as folder:
            pass
        assert folder.exists()

    assert written == ["first"]
    assert not folder.exists()


def test_saved_model_of_another_model_is_not_taken_for_it(
    written: list[object],
) -> None:
    """Only the very model whose SavedModel is kept; none is kept outside."""
    with kept_saved_model("first"):
        assert text_of("second") == "second"
        assert text_of("first") == "first"
    assert text_of("first") == "first"

    assert written == ["second", "first", "first"]
