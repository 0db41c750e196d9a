"""The ranking keeps its promises where the truth is known."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

HONESTY = Path(__file__).parents[2] / "benchmarks" / "honesty.py"


@pytest.fixture(autouse=True)
def _beside_the_script(monkeypatch):
    monkeypatch.syspath_prepend(HONESTY.parent)


@pytest.mark.slow
def test_honesty_benchmark_in_brief_keeps_every_promise(capsys):
    """Optimism is covered, re-ranking finds the better one, intervals cover."""
    main = runpy.run_path(str(HONESTY))["main"]

    status = main(["--quick"])

    said = capsys.readouterr()
    assert status == 0, said.err
    assert "reranking" in said.out


def test_honesty_benchmark_names_a_promise_that_is_broken():
    """A re-ranking no better than the search does not pass."""
    module = runpy.run_path(str(HONESTY))
    kept = {"covered": 0.95}
    found = {
        "optimism_100_images": kept, "optimism_2000_images": kept, "wilson": kept,
        "fold_mean": kept, "learner": kept, "equal_learners": {"false_alarms": 0.03},
        "reranking": {"search": 0.5, "reranking": 0.55},
    }  # fmt: skip

    (broken,) = module["broken_promises"](found, 0.0)

    assert broken.startswith("re-ranking finds the better network")
