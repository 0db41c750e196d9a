"""`python -m kedro_nas` runs the packaged project."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from kedro_nas import __main__ as program


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for Kedro, and note what it is asked."""
    noted: list[Any] = []

    def find(package: str) -> Any:
        noted.append(package)
        return lambda *args, **kwargs: noted.append((args, kwargs)) or "done"

    monkeypatch.setattr(program, "configure_project", noted.append)
    monkeypatch.setattr(program, "find_run_command", find)
    return noted


def test_main_configures_this_package_and_passes_arguments_on(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project is the package itself, wherever it is installed."""
    monkeypatch.delattr(sys, "ps1", raising=False)
    result = program.main(["--pipelines", "nas"])

    assert result == "done"
    assert calls == [
        "kedro_nas",
        "kedro_nas",
        ((["--pipelines", "nas"],), {"standalone_mode": True}),
    ]


def test_main_in_a_notebook_does_not_end_the_process(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Click ends the interpreter in standalone mode, which a notebook must survive."""
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    program.main()

    assert calls[-1] == ((), {"standalone_mode": False})
