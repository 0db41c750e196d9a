"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml
from tests.source_files import ROOT, python_files

import kedro_nas
from kedro_nas.parameters.base import Options
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.prediction import PredictionOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.stages import NUMBERS, SECTIONS

SOURCE = ROOT / "src" / "kedro_nas"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_SIGNATURES_WITH_OPEN_DICTS = 22
OPTIONS = {
    "job": JobOptions,
    "data_preparation": DataPreparationOptions,
    "search_space": SearchSpaceOptions,
    "search": SearchOptions,
    "ranking": RankingOptions,
    "export": ExportOptions,
    "reporting": ReportingOptions,
    "prediction": PredictionOptions,
}


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = listed.stdout.decode().split("\0")
    paths = [ROOT / name for name in names if name]
    return [path for path in paths if path.is_file()]


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count lines from the signature to the end, the docstring left out."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_layers_hold() -> None:
    """Each module imports only what is below it (pyproject, import-linter)."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_no_modules_import_each_other_in_a_circle() -> None:
    """No chain of imports, not even one inside a function, leads back to its start."""
    graph = grimp.build_graph("kedro_nas", cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }

    assert graph.count_imports() > 500
    # raises graphlib.CycleError, which names the modules of the circle
    assert len(list(TopologicalSorter(imports).static_order())) == len(imports)


def test_files_are_short() -> None:
    """A file that grows beyond 400 lines has more than one idea in it."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files("src", "tests")
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }

    assert long == {}


def test_functions_are_short() -> None:
    """A function beyond 60 lines, docstring left out, is not read at one glance."""
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": length
        for path in python_files("src", "tests")
        for function in _functions(ast.parse(path.read_text()))
        if (length := _length(function)) > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_few_signatures_have_open_dicts() -> None:
    """Few functions take or return a dict whose keys and types only the code knows."""
    found = [
        f"{path.relative_to(ROOT)}:{function.name}"
        for path in python_files("src")
        for function in _functions(ast.parse(path.read_text()))
        if any(_is_open_dict(part) for part in _annotation_parts(function))
    ]

    assert len(found) <= MAX_SIGNATURES_WITH_OPEN_DICTS, "\n".join(found)


def _annotation_parts(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[ast.AST]:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    arguments = [one for one in (*named, given.vararg, given.kwarg) if one]
    for annotation in (*(one.annotation for one in arguments), function.returns):
        if annotation is not None:
            yield from ast.walk(annotation)


def _is_open_dict(node: ast.AST) -> bool:
    """Return whether a node is `dict[..., Any]`, `Mapping[..., object]` or alike."""
    return (
        isinstance(node, ast.Subscript)
        and ast.unparse(node.value) in {"dict", "Mapping", "MutableMapping"}
        and isinstance(node.slice, ast.Tuple)
        and ast.unparse(node.slice.elts[-1]) in {"Any", "object"}
    )


def test_nothing_is_unfinished() -> None:
    """No stub and no note to oneself is shipped."""
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    found = [
        str(path.relative_to(ROOT))
        for path in python_files("src")
        if unfinished.search(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize("stage", OPTIONS)
def test_yaml_shows_every_option_with_its_default(stage: str) -> None:
    """A default lives in the model; the YAML shows it, and they agree."""
    shown = yaml.safe_load((ROOT / "conf/base/parameters_nas.yml").read_text())
    section = shown["nas"][stage]
    model = OPTIONS[stage]

    assert list(section) == list(model.model_fields)
    assert model.parse(section, where=f"nas.{stage}") == model()


@pytest.mark.parametrize("stage", OPTIONS)
def test_options_are_documented(stage: str) -> None:
    """Each option's meaning, unit and range is in its model's docstring."""
    missing = [
        f"{model.__name__}.{name}"
        for model in _nested(OPTIONS[stage])
        for name in model.model_fields
        if not re.search(rf"^\s+{name}(, \w+)*: ", model.__doc__ or "", re.MULTILINE)
    ]

    assert missing == []


def _nested(model: type[Options]) -> Iterator[type[Options]]:
    yield model
    for field in model.model_fields.values():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, Options):
            yield from _nested(kind)


@pytest.mark.parametrize("env", ["base", "smoke"])
def test_every_line_of_parameters_is_valid(env: str) -> None:
    """No environment of this repository names an option that is not one."""
    text = (ROOT / "conf" / env / "parameters_nas.yml").read_text()
    sections = yaml.safe_load(text)["nas"]
    for number in NUMBERS:
        sections.pop(number, None)

    assert set(sections) <= set(SECTIONS) == set(OPTIONS)
    for stage, section in sections.items():
        assert OPTIONS[stage].parse(section, where=f"nas.{stage}")


def test_options_in_yaml_have_a_reason() -> None:
    """Every option of conf/base has a comment on its line or above it."""
    lines = (ROOT / "conf/base/parameters_nas.yml").read_text().splitlines()
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match(r"^ {4}\w+:", line) and "#" not in line
        if not before.lstrip().startswith("#")
    ]

    assert bare == []


def test_public_names_have_docstrings() -> None:
    """What can be imported without an underscore says what it is."""
    bare = []
    for path in python_files("src"):
        tree = ast.parse(path.read_text())
        if ast.get_docstring(tree) is None:
            bare.append(str(path.relative_to(ROOT)))
        bare += [
            f"{path.relative_to(ROOT)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            if not node.name.startswith("_") and ast.get_docstring(node) is None
        ]

    assert bare == []


def test_tests_mirror_the_source() -> None:
    """`src/kedro_nas/a/b.py` is tested in `tests/a/test_b.py`."""
    modules = [
        path.relative_to(SOURCE)
        for path in python_files("src")
        if path.name != "__init__.py" and path.is_relative_to(SOURCE)
    ]
    missing = [
        str(module)
        for module in modules
        if not (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()
    ]

    assert missing == []


def test_tests_promise_something_and_check_it() -> None:
    """Each test has a docstring and can fail."""
    weak = []
    for path in python_files("tests"):
        for function in _functions(ast.parse(path.read_text())):
            if not function.name.startswith("test_"):
                continue
            body = ast.unparse(function)
            checks = re.search(r"\bassert\b|raises\(|warns\(|assert_\w+\(", body)
            if ast.get_docstring(function) is None or not checks:
                weak.append(f"{path.relative_to(ROOT)}:{function.name}")

    assert weak == []


def test_tracked_files_name_no_machine() -> None:
    """Nothing in the repository depends on where it was written."""
    places = re.compile(
        "|".join(
            ["/" + "work/", "/" + "root/", "/" + "home/", "/" + "tmp/", "/opt" + "/"]
        )
    )
    text_files = [
        path
        for path in _tracked()
        if path.suffix in {".py", ".md", ".yml", ".toml", ".txt", ".sh", ".json", ""}
    ]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in text_files
        for line in path.read_text(errors="replace").splitlines()
        if places.search(line)
    ]

    assert found == []


def test_constraints_are_exact_and_name_no_index() -> None:
    """The pins say versions, not where they came from."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert len(pins) > 100
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+-]+( ; .*)?", pin) for pin in pins)
    assert not any("://" in line or "file:" in line for line in lines)


def test_import_is_fast_and_light() -> None:
    """`import kedro_nas` costs nothing that is not used."""
    program = (
        "import sys, time; began = time.process_time(); import kedro_nas;"
        "assert not {'keras', 'tensorflow', 'kedro', 'pandas'} & set(sys.modules);"
        "assert time.process_time() - began < 0.3"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0


def test_lower_half_imports_without_kedro_and_keras() -> None:
    """Space, data, proposers, ranking and accounting serve from a notebook."""
    rooms = ("space", "data", "proposers", "ranking", "accounting", "parameters")
    program = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    package = importlib.import_module("kedro_nas." + room)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
heavy = {"kedro", "keras", "tensorflow", "keras_tuner"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *rooms],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_version_is_one() -> None:
    """The package, its metadata and the changelog agree on the version."""
    metadata = importlib.import_module("importlib.metadata")

    assert metadata.version("kedro-nas") == kedro_nas.__version__
    assert f"## {kedro_nas.__version__}" in (ROOT / "CHANGELOG.md").read_text()
