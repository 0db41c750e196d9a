"""Whose workspace it is: what a search that goes on may and may not change."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search.workspace_check import EXTENSIONS, JOB_EXTENSIONS, claim_workspace

VERDICT = Verdict(n_train=9, n_folds=2, n_repeats=1)


def _claim(
    folder: Path,
    *,
    data: str = "x",
    choices: str = "{}",
    seed: int = 0,
    blocks: dict[str, str] | None = None,
    weights: str = "",
    verdict: Verdict = VERDICT,
    job: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    store = SimpleNamespace(
        fingerprint=data,
        labels=np.zeros(4, np.int32),
        rows=lambda _: np.arange(4),
    )
    space = SimpleNamespace(
        model_dump_json=lambda **_: choices,
        block_digests=blocks or {},
        weights_digest=weights,
    )
    return claim_workspace(
        folder,
        store,  # type: ignore[arg-type]
        space,  # type: ignore[arg-type]
        SearchOptions(**options),
        JobOptions(**(job or {})),
        verdict,
        seed,
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data": "y"}, "data set was x, is y"),
        ({"choices": "[]"}, "search space was"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"blocks": {"mine": "b"}}, "block mine was a, is b"),
        ({"blocks": {"mine": "a", "other": "c"}}, "block other was None, is c"),
        ({"weights": "v"}, "pretrained weights was w, is v"),
    ],
)
def test_claim_workspace_of_another_search_is_refused_and_named(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """Changed data, space, seed, blocks or weights: nothing is mixed with the old."""
    begun: dict[str, Any] = {"blocks": {"mine": "a"}, "weights": "w"}
    folder = _claim(tmp_path / "search", **begun)
    before = (folder / "ledger.jsonl").read_bytes()

    with pytest.raises(SearchError, match=named):
        _claim(tmp_path / "search", **{**begun, **changes})
    assert (folder / "ledger.jsonl").read_bytes() == before
    assert _claim(tmp_path / "search", **begun) == folder


def test_claim_workspace_refused_names_the_options_that_may_change(
    tmp_path: Path,
) -> None:
    """Every option that extends a search is in the message, and no other one."""
    _claim(tmp_path / "search")

    with pytest.raises(SearchError) as raised:
        _claim(tmp_path / "search", seed=1)
    named = set(re.findall(r"\w+", raised.value.allowed))
    assert (EXTENSIONS | JOB_EXTENSIONS) - {"objective"} <= named
    assert not {"objective", "factor", "threads_per_worker"} & named


def test_claim_workspace_without_blocks_of_a_user_is_what_it_was(
    tmp_path: Path,
) -> None:
    """A search begun by an earlier version goes on where no such code takes part."""
    folder = _claim(tmp_path / "search")
    begun = json.loads((folder / "ledger.jsonl").read_text().splitlines()[0])

    assert not [name for name in begun["belongs"] if "block" in name]
    assert "pretrained weights" not in begun["belongs"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"job": {"threads_per_worker": 2}}, r"job\.threads_per_worker was 1, is 2"),
        ({"job": {"execution": "plain"}}, r"job\.execution was auto, is plain"),
        ({"job": {"objective": "balanced_accuracy"}}, "objective was accuracy, is bal"),
        ({"factor": 2}, r"search\.factor was 3, is 2"),
        ({"plan": "race"}, r"search\.plan was auto, is race"),
        (
            {"verdict": VERDICT.model_copy(update={"bn_momentum": 0.99})},
            r"momentum of batch norms was 0\.9, is 0\.99",
        ),
    ],
)
def test_claim_workspace_with_other_options_that_decide_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """Threads split the sums of batch norms, so half a search cannot change them."""
    _claim(tmp_path / "search")

    with pytest.raises(SearchError, match=named):
        _claim(tmp_path / "search", **changes)


def test_claim_workspace_objective_of_the_verdict_may_be_written_out(
    tmp_path: Path,
) -> None:
    """What is maximised is compared, not how the option says it."""
    _claim(tmp_path / "search", job={"objective": "auto"})

    assert _claim(tmp_path / "search", job={"objective": "accuracy"})


def test_claim_workspace_with_other_limits_or_workers_goes_on(tmp_path: Path) -> None:
    """What ends the same sequence elsewhere belongs to no search."""
    claimed = _claim(tmp_path / "search", budget_s=10, job={"workers": 1})

    again = _claim(
        tmp_path / "search",
        budget_s=99,
        finalists=5,
        newest_candidates=9,
        job={"workers": 4, "max_silence_s": 60, "baseline": "none"},
    )

    assert again == claimed == tmp_path / "search"
