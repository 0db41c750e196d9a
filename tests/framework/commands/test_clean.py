"""`kedro nas clean`: nothing is removed under a process that writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from kedro.io import DataCatalog

from kedro_nas.datasets import WorkspaceDataset
from kedro_nas.errors import SearchError
from kedro_nas.framework.commands import clean as module
from kedro_nas.framework.commands.clean import clean
from kedro_nas.framework.project import Search

HOLDER = """
import sys
from pathlib import Path
from kedro_nas.writer_lock import hold_workspace
with hold_workspace(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_clean_of_a_workspace_another_process_writes_into_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose ledger says nothing yet, or of another machine, is found as well."""
    workspace = tmp_path / "workspace"
    (workspace / "search").mkdir(parents=True)
    catalog = DataCatalog({"nas.workspace": WorkspaceDataset(path=str(workspace))})
    search = Search(namespace="nas", context=None, catalog=catalog)

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Search]:
        yield search

    monkeypatch.setattr(module, "opened", opened)
    monkeypatch.setattr(module, "read_status", lambda _: SimpleNamespace(running=False))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(workspace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    project = SimpleNamespace(project_path=tmp_path)
    refused = CliRunner().invoke(clean, ["--yes"], obj=project)
    there = workspace.exists()
    holder.communicate("\n")
    done = CliRunner().invoke(clean, ["--yes"], obj=project)

    assert isinstance(refused.exception, SearchError)
    assert f"process {holder.pid} on" in str(refused.exception)
    assert there
    assert done.exit_code == 0
    assert not workspace.exists()
