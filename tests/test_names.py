"""Names of files and classes say what is inside, and lead to one place."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.source_files import ROOT, python_files

from kedro_nas.stages import SECTIONS


def test_no_file_is_a_drawer_for_everything() -> None:
    """Names say what is inside."""
    drawers = {"utils", "util", "helpers", "helper", "manager", "managers", "misc"}
    found = [
        str(path.relative_to(ROOT))
        for path in python_files("src", "tests")
        if set(path.stem.split("_")) & drawers
    ]

    assert found == []


def test_classes_are_nouns() -> None:
    """No Manager, Helper or Handler hides what a class is."""
    found = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in python_files("src")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        if re.search(r"(Manager|Helper|Handler|Utils?)$", node.name)
    ]

    assert found == []


def test_no_two_files_share_a_name() -> None:
    """A file name leads to one file, but for what each room or stage has once.

    These are `__init__` and `base` (what the files of a room extend), `nodes` and
    `pipeline` (Kedro's own, per stage), and the stages with `job`: `ranking.py` in
    `parameters/` and in `records/` are the ranking's options and the ranking's records.
    """
    of_each_room = {"__init__", "base", "nodes", "pipeline", *SECTIONS}
    places: dict[str, list[str]] = {}
    for path in python_files("src"):
        if path.stem not in of_each_room:
            places.setdefault(path.stem, []).append(str(path.relative_to(ROOT)))

    assert len(places) > 200
    assert [paths for paths in places.values() if len(paths) > 1] == []


def test_no_two_classes_share_a_name() -> None:
    """A name in a message, a traceback or a search leads to one class."""
    names = Counter(
        node.name
        for path in python_files("src")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )

    assert [name for name, count in names.items() if count > 1] == []
