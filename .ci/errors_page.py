"""Write the tables of docs/how-to/troubleshooting.md from the errors in the code.

    python .ci/errors_page.py

Each call of an error class is a row: its first words, what is allowed and what to do.
What is only known when the error is raised stands as `...`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "kedro_nas"
PAGE = ROOT / "docs" / "how-to" / "troubleshooting.md"
BEGIN, END = "<!-- errors: .ci/errors_page.py -->\n", "<!-- end of errors -->\n"
KINDS = {
    "ParameterError": "an option or its YAML",
    "DataError": "images, labels, splits",
    "SearchSpaceError": "choices, bounds, blocks, architectures",
    "TrainingError": "one unit of training; the trial fails with it as its reason",
    "SearchError": "the search as a whole, its state on disk",
    "RankingError": "scores that cannot be compared",
    "ExportError": "writing, reloading and comparing models",
    "RecordError": "a file of another version",
}
# classes that the caller chooses: `custom_code` raises what it is told to
CHOSEN = {"error": "ParameterError"}


@dataclass(frozen=True, order=True)
class Row:
    """An error of the code.

    Attributes:
        failed: Its first words.
        allowed: What is accepted, or empty.
        remedy: What to do, or empty.
        kind: Its class.
    """

    failed: str
    allowed: str
    remedy: str
    kind: str


def find_errors(source: Path = SOURCE) -> list[Row]:
    """Return the errors that a source tree raises, in order, each once."""
    found = {
        row
        for path in source.rglob("*.py")
        if "starter" not in path.parts
        for row in _errors_of(ast.parse(path.read_text()))
    }
    return sorted(found)


def _errors_of(tree: ast.AST) -> Iterator[Row]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        kind = CHOSEN.get(node.func.id, node.func.id)
        if kind not in KINDS or not node.args:
            continue
        named = {one.arg: one.value for one in node.keywords}
        yield Row(
            _text(node.args[0]),
            _text(named.get("allowed")),
            _text(named.get("remedy")),
            kind,
        )


def _text(node: ast.expr | None) -> str:
    """Return the text of an expression, `...` for what is not known yet."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return "..."


def tables(rows: list[Row]) -> str:
    """Return a table of each kind of error."""
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    parts = []
    for kind, about in KINDS.items():
        lines = [
            f"### {kind}: {about}",
            "",
            "| message | allowed | do |",
            "|---|---|---|",
        ]
        lines += [
            f"| {_cell(row.failed)} | {_cell(row.allowed)} | {_cell(row.remedy)} |"
            for row in by_kind[kind]
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    plain = " ".join(text.replace("`", "").replace("|", "\\|").split())
    return plain.replace("<", "&lt;").replace("*", "\\*")


def page(before: str) -> str:
    """Return the page with its tables written anew."""
    head, _, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2]
    return head + BEGIN + tables(find_errors()) + END + tail


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main()
