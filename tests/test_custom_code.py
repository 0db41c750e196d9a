"""Code of other packages is found by its path or name, or the error says why not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Protocol

import pytest

from kedro_nas import custom_code
from kedro_nas.custom_code import (
    check_protocol,
    find_custom,
    import_custom,
    is_import_path,
)
from kedro_nas.errors import ExportError, SearchError

BUILT_IN = {"ours": "their_module:value"}


class Speaker(Protocol):
    """Two names to have."""

    language: str

    def speak(self) -> str: ...


@pytest.fixture(autouse=True)
def _their_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write a module that works and one that fails on import."""
    (tmp_path / "their_module.py").write_text("value = 7\n")
    (tmp_path / "their_fault.py").write_text("raise RuntimeError('planted')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("their_module", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b:c", True),
        ("a:c", True),
        ("keras", False),
        ("a.b:", False),
        (":c", False),
        ("a b:c", False),
        ("a:b:c", False),
    ],
)
def test_is_import_path_wants_a_module_and_a_name(text: str, expected: bool) -> None:
    """`package.module:name`, and nothing else, is a path."""
    assert is_import_path(text) is expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere.at_all:x", "ModuleNotFoundError"),
        ("their_module:absent", "AttributeError"),
        ("their_fault:x", "RuntimeError: planted"),
    ],
)
def test_import_custom_that_fails_says_what_for_and_why(path: str, reason: str) -> None:
    """The message names the use, the path and the reason, in the caller's error."""
    with pytest.raises(SearchError, match="cannot import the proposer") as caught:
        import_custom(path, "proposer", SearchError)

    assert path in str(caught.value)
    assert reason in str(caught.value)


def test_find_custom_takes_built_in_names_paths_and_entry_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three ways lead to the same object; a built-in name cannot be taken over."""
    points = [
        EntryPoint("theirs", "their_module:value", "group"),
        EntryPoint("ours", "their_fault:x", "group"),
    ]
    monkeypatch.setattr(custom_code, "entry_points", lambda **_: points)
    found = [
        find_custom(name, BUILT_IN, what="thing", error=SearchError, group="group")
        for name in ("ours", "their_module:value", "theirs")
    ]

    assert found == [7, 7, 7]


def test_find_custom_of_an_unknown_name_suggests_the_closest() -> None:
    """The message lists what there is, without a group where there is none."""
    with pytest.raises(SearchError, match="Did you mean 'ours'") as caught:
        find_custom("our", BUILT_IN, what="thing", error=SearchError)

    assert "ours, package.module:name." in str(caught.value)


def test_check_protocol_names_attributes_and_methods_that_are_missing() -> None:
    """Half an implementation is refused before it is used."""
    half = type("Half", (), {"language": "C"})()
    whole = type("Whole", (), {"language": "C", "speak": print})()
    check_protocol(whole, Speaker, path="a:b", what="speaker", error=ExportError)

    with pytest.raises(ExportError, match="a Half without speak"):
        check_protocol(half, Speaker, path="a:b", what="speaker", error=ExportError)
