"""The format `litert_float16`; test_contract.py compares its files."""

from __future__ import annotations

from kedro_nas.export.formats import EXPORTERS
from kedro_nas.export.formats.litert_float16 import LitertFloat16Exporter


def test_exporter_is_known_by_its_name_and_its_file() -> None:
    """`nas.export.formats` finds it, and its program loads what it writes."""
    exporter = EXPORTERS["litert_float16"]

    assert isinstance(exporter, LitertFloat16Exporter)
    assert exporter.file_name == "model_float16.tflite"
    assert exporter.file_name in exporter.snippet()


def test_exporter_says_what_it_needs_and_how_much_it_rounds() -> None:
    """A missing runtime is asked for before a search, by the name of its extra."""
    traits = LitertFloat16Exporter.traits

    assert (traits.extra, traits.packages) == ("litert", ("ai_edge_litert",))
    assert not traits.is_judged_by_accuracy
    assert 0 < traits.max_difference < 0.05
