"""Every snippet of README and docs: Python runs, YAML validates, commands exist.

So do the commands that our messages name.
"""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import click
import numpy as np
import pytest
import yaml
from kedro.framework.cli.cli import cli, global_commands, project_commands
from kedro.framework.cli.utils import load_entry_points
from kedro.io import AbstractDataset

from kedro_nas.accounting.budget_plan import SHARES
from kedro_nas.framework.commands import commands
from kedro_nas.parameters.base import Options
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.prediction import PredictionOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space import registry
from kedro_nas.stages import NUMBERS, stage_of

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
OPTIONS: dict[str, type[Options]] = {
    "job": JobOptions,
    "data_preparation": DataPreparationOptions,
    "search_space": SearchSpaceOptions,
    "search": SearchOptions,
    "ranking": RankingOptions,
    "export": ExportOptions,
    "reporting": ReportingOptions,
    "prediction": PredictionOptions,
}
# a line above a fence that says why it cannot be run here
NOT_RUN = re.compile(r"<!-- shown, not run: .+ -->\n\Z")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:kedro|make) [^`]+)`")
# commands of plugins that are not installed for the tests
FOREIGN = {"airflow", "mlflow"}
# configuration of others that our pages show: kedro-mlflow's file, Python's logging
FOREIGN_KEYS = {"server", "handlers", "apiVersion"}


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Attributes:
        page: Relative to the repository.
        line: Of its fence.
        language: The word after the fence.
        text: What is inside.
        is_run: Whether the page does not say otherwise.
    """

    page: Path
    line: int
    language: str
    text: str
    is_run: bool = True

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _snippets(*languages: str) -> list[Snippet]:
    return [
        Snippet(
            page.relative_to(ROOT),
            text.count("\n", 0, fence.start()) + 1,
            fence[1],
            fence[2],
            NOT_RUN.search(text[: fence.start()]) is None,
        )
        for page in PAGES
        for text in [page.read_text()]
        for fence in FENCE.finditer(text)
        if fence[1] in languages
    ]


PYTHON = [snippet for snippet in _snippets("python") if snippet.is_run]
YAML = _snippets("yaml", "yml")


def _names(text: str) -> dict[str, Any]:
    """Give what a page takes for granted: the reader's own functions and objects."""
    from kedro.pipeline import Node, Pipeline

    from kedro_nas.space.registry import register_block

    pixels = np.zeros((2, 8, 8, 1), np.uint8)
    given = {
        "clean": lambda images: images,
        "label_backlog": lambda classifier, backlog: [classifier, backlog],
        "pipelines": {"nas": Pipeline([]), "theirs": Pipeline([])},
        "Node": Node,
        "Pipeline": Pipeline,
        "pixels": pixels,
        "register_block": register_block,
    }
    return {"__name__": "snippet", **{k: v for k, v in given.items() if k in text}}


@pytest.fixture
def _registry_as_before() -> Iterator[None]:
    """Forget blocks that a snippet registers."""
    tables = [v for v in vars(registry).values() if isinstance(v, dict)]
    before = [dict(table) for table in tables]
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)


@pytest.mark.usefixtures("_registry_as_before")
@pytest.mark.parametrize("snippet", PYTHON, ids=str)
def test_python_snippet_runs(
    snippet: Snippet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a reader copies is Python that runs; Keras is stood in for."""
    if "keras" in snippet.text:
        keras = MagicMock(spec=ModuleType("keras"), layers=MagicMock())
        keras.saving = MagicMock()
        monkeypatch.setitem(sys.modules, "keras", keras)
        monkeypatch.setitem(sys.modules, "keras.layers", keras.layers)
    monkeypatch.chdir(tmp_path)
    names = _names(snippet.text)
    exec(compile(snippet.text, str(snippet), "exec"), names)

    for name, value in names.items():
        if name == "create_pipeline" and value.__module__ == "snippet":
            assert value().nodes


@pytest.mark.slow
def test_tutorial_loads_the_model_as_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The last program of the tutorial, with Keras itself."""
    import keras

    (program,) = (s.text for s in PYTHON if s.page == Path("docs/tutorial.md"))
    monkeypatch.chdir(tmp_path)
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    keras.Sequential(layers).save("model.keras")
    names = _names(program)
    exec(program, names)

    assert names["probabilities"].shape == (2, 2)


@pytest.mark.parametrize("snippet", YAML, ids=str)
def test_yaml_snippet_is_valid(snippet: Snippet) -> None:
    """Parameters are options, catalog entries are datasets, with their arguments."""
    value = yaml.safe_load(textwrap.dedent(snippet.text))
    assert isinstance(value, dict)
    if set(value) & FOREIGN_KEYS:
        return
    if all(isinstance(entry, dict) and "type" in entry for entry in value.values()):
        for name, entry in value.items():
            assert AbstractDataset.from_config(name, _plain(entry))
        return
    sections = value["nas"] if set(value) == {"nas"} else _section_of(value)
    for stage, section in sections.items():
        assert stage in NUMBERS or OPTIONS[stage].parse(section, where=stage)


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is looked up elsewhere; a bucket becomes one in memory."""
    return {
        key: value.replace("s3://", "memory://") if isinstance(value, str) else value
        for key, value in entry.items()
        if key not in {"credentials", "metadata"}
    }


def _section_of(value: dict[str, Any]) -> dict[str, Any]:
    """Find whose options a fragment shows."""
    found = [
        stage
        for stage, model in OPTIONS.items()
        if set(value) <= set(model.model_fields)
    ]
    assert len(found) == 1, f"options of {found or 'no stage'}: {list(value)}"
    return {found[0]: value}


@cache
def _commands() -> list[tuple[str, str]]:
    found = []
    for snippet in _snippets("sh", "bash", "console"):
        for line in snippet.text.replace("\\\n", " ").splitlines():
            command = line.strip().removeprefix("$ ")
            if command.startswith(("kedro ", "make ")):
                found.append((str(snippet), command))
    for page in PAGES:
        text = FENCE.sub("", page.read_text())
        found += [(str(page.relative_to(ROOT)), c) for c in INLINE.findall(text)]
    return sorted({*found, *_advised()})


def _advised() -> list[tuple[str, str]]:
    """List the commands in messages, in which `x` stands for what is filled in."""
    found = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        source, where = path.read_text(), str(path.relative_to(ROOT))
        if "kedro " not in source:
            continue
        tree = ast.parse(source)
        docstrings = {
            id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
        }
        within = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in node.values
        }
        for node in ast.walk(tree):
            if id(node) in docstrings | within:
                continue
            text = _message(node)
            found += [(where, c.rstrip(" .,")) for c in ADVISED.findall(text)]
    return found


# up to what ends a command in running text
ADVISED = re.compile(r"kedro (?:run|nas)\b[^`\n;:%]*")


def _message(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else " x"
            for part in node.values
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


@pytest.mark.parametrize(
    ("where", "command"), [(w, c) for w, c in _commands() if " run" in c]
)
def test_command_that_runs_names_a_pipeline(where: str, command: str) -> None:
    """It works where the search is not part of `__default__`.

    `kedro run` and `kedro run --pipelines`, and no more, are talk of the program.
    """
    words = shlex.split(command.partition("<")[0], comments=True)
    if words[:2] != ["kedro", "run"] or words[2:] in ([], ["--pipelines"]):
        return
    (named,) = [
        word.split(",")
        for before, word in itertools.pairwise(words)
        if before == "--pipelines"
    ]

    known = {"nas", "prediction", "team", "scratches_nas", "defects_nas", "x", "..."}
    assert set(named) <= known


@pytest.fixture(scope="module")
def kedro() -> click.CommandCollection:
    """Give the `kedro` program, with ours and kedro-viz, outside any project."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # kedro-viz uses old click
        plugins = list(load_entry_points("global"))
    groups: list[Any] = [cli, global_commands, project_commands, commands, *plugins]
    return click.CommandCollection("kedro", sources=groups)


@pytest.mark.parametrize(("page", "command"), _commands())
def test_command_exists(
    page: str, command: str, kedro: click.CommandCollection
) -> None:
    """A command that is shown can be typed; its options are options."""
    words = shlex.split(command.partition("<")[0], comments=True)
    words = [word for word in words if word not in {"...", "…"}]
    ours = words[0] == "make" or words[1] not in FOREIGN
    check = _unknown_to_make if words[0] == "make" else _unknown_to_kedro

    assert not (ours and check(words[1:], kedro))


def _unknown_to_make(words: list[str], _: click.CommandCollection) -> set[str]:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    return {word for word in words if "=" not in word} - set(phony.split())


def _unknown_to_kedro(words: list[str], kedro: click.CommandCollection) -> set[str]:
    place: Any = kedro
    context = click.Context(place)
    while isinstance(place, click.Group) and words:
        name, *words = words
        found = place.get_command(context, name)
        if found is None:
            return {name}
        place, context = found, click.Context(found, parent=context, info_name=name)
    known = {
        option
        for parameter in place.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    return options - known - {"--help", "-h"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_named_in_text_exist(page: Path) -> None:
    """`nas.search.budget_s` is an option, or a node of that stage in its place."""
    stages = "|".join(OPTIONS)
    named = re.findall(rf"\bnas\.({stages})\.(\w+)", page.read_text())
    unknown = [
        f"{stage}.{option}"
        for stage, option in named
        if option not in OPTIONS[stage].model_fields and stage_of(option) != stage
    ]

    assert unknown == []


def test_table_of_shares_is_the_one_that_divides() -> None:
    """docs/concepts/budget.md shows the shares of `accounting.budget_plan`."""
    page = (ROOT / "docs/concepts/budget.md").read_text()
    rows = re.findall(
        r"^\| (.+?) \| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE
    )

    def share(text: str) -> float:
        return 0.0 if text == "none" else float(text.partition(" %")[0]) / 100

    shown = [
        (kind, share(search), share(ranking), share(final))
        for _, kind, search, ranking, final in rows
    ]
    bounds = [int(number) for row in rows for number in re.findall(r"\d+", row[0])]

    assert shown == [
        (s.kind, s.search, s.ranking, pytest.approx(1 - s.search - s.ranking))
        for s in SHARES
    ]
    assert set(bounds) == {s.below for s in SHARES if s.below < float("inf")}
