"""Pools are found by name and keep the protocol."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from tests.training.workers.test_lease import FakePool

from kedro_nas import custom_code
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers.worker_pool import POOL_GROUP, make_pool


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a module of another package with a pool and half of one."""
    module = ModuleType("cluster_pools")
    module.start = FakePool  # type: ignore[attr-defined]
    module.half = lambda *_: "no pool"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_make_pool_of_an_import_path_calls_it_with_options_and_log(
    pools: ModuleType, tmp_path: Path
) -> None:
    """`package.module:function` is called as the local pool is."""
    options = JobOptions(workers=3)

    pool = make_pool("cluster_pools:start", options, tmp_path)

    assert isinstance(pool, FakePool)
    assert pool.made_for == (3, tmp_path)


def test_make_pool_of_an_entry_point_needs_no_path(
    pools: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package gives its pool a name."""
    point = EntryPoint("cluster", "cluster_pools:start", POOL_GROUP)
    groups = {POOL_GROUP: (point,)}
    monkeypatch.setattr(custom_code, "entry_points", lambda group: groups[group])

    assert isinstance(make_pool("cluster", JobOptions(), tmp_path), FakePool)


def test_make_pool_of_an_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    """A misspelt name gets a hint."""
    with pytest.raises(ParameterError, match="Did you mean 'local'") as caught:
        make_pool("locl", JobOptions(), tmp_path)

    assert POOL_GROUP in str(caught.value)


def test_make_pool_that_is_no_pool_names_what_is_missing(
    pools: ModuleType, tmp_path: Path
) -> None:
    """The protocol is checked before anything is trained."""
    with pytest.raises(ParameterError, match="a str without close, free, holds, size"):
        make_pool("cluster_pools:half", JobOptions(), tmp_path)
