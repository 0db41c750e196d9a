"""Write the sections on JSON datasets of docs/reference/files.md from the records.

`make reference` runs it; a test compares the page with what it would write.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "files.md"
_SECTION = re.compile(
    r"(<!-- record: (\S+) -->\n).*?(<!-- end of record -->)", re.DOTALL
)
_FIELD = re.compile(r"^    (\w+): (.*(?:\n {6,}.*)*)", re.MULTILINE)


def write_page(text: str) -> str:
    """Return the page with each section between markers written anew."""
    return _SECTION.sub(
        lambda found: found[1] + _section(_find(found[2])) + found[3], text
    )


def _find(path: str) -> type[BaseModel]:
    module, name = path.rsplit(".", 1)
    found: type[BaseModel] = getattr(import_module(module), name)
    return found


def _section(record: type[BaseModel]) -> str:
    """Describe a record and, below it, each record inside it once."""
    parts = [_table(record)]
    for inner in dict.fromkeys(_inner(record)):
        first = inspect.getdoc(inner) or ""
        summary = " ".join(first.split("\n\n")[0].split())
        parts.append(f"`{inner.__name__}`: {summary}\n\n{_table(inner)}")
    return "\n".join(parts)


def _inner(record: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for field in record.model_fields.values():
        for kind in _kinds(field.annotation):
            if kind.__module__.startswith("kedro_nas.space.architecture"):
                continue  # described by its own docstring, and long
            found += [kind, *_inner(kind)]
    return found


def _kinds(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]


def _table(record: type[BaseModel]) -> str:
    meanings = _meanings(record)
    lines = ["| key | type | meaning |", "|---|---|---|"]
    for name, field in record.model_fields.items():
        kind = _type(str(inspect.formatannotation(field.annotation)))
        meaning = meanings.get(name, "").replace("|", "\\|")
        lines.append(f"| `{field.alias or name}` | {kind} | {meaning} |")
    return "\n".join(lines) + "\n"


def _meanings(record: type[BaseModel]) -> dict[str, str]:
    """Collect the `Attributes:` of a class and of those it inherits from."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__):
        text = kind.__doc__ or ""
        if issubclass(kind, BaseModel) and "Attributes:" in text:
            attributes = inspect.cleandoc(text).split("Attributes:")[1]
            for name, meaning in _FIELD.findall(attributes):
                found[name] = " ".join(meaning.split())
    return found


def _type(text: str) -> str:
    """Shorten an annotation to what JSON knows.

    >>> _type("tuple[str, ...] | None")
    'list of string or null'
    """
    text = re.sub(r"(?:\w+\.)+(\w)", r"\1", text)
    text = re.sub(r"Annotated\[(\w+)[^\n]*", r"\1", text)
    text = re.sub(
        r"Literal\[(.*?)\]", lambda m: m[1].replace("'", '"').replace(", ", ", "), text
    )
    text = re.sub(r"tuple\[([^\[\]]+), \.\.\.\]", r"list of \1", text)
    text = re.sub(r"tuple\[(.*), \.\.\.\]", r"list of \1", text)
    text = re.sub(r"tuple\[([^\[\]]+)\]", r"list of \1", text)
    text = re.sub(r"\bstr\b", "string", text)
    text = re.sub(r"\bbool\b", "true or false", text)
    text = text.replace(" | None", " or null").replace("|", "or")
    text = re.sub(r"dict\[string, ([^\[\]]+)\]", r"object of \1", text)
    return re.sub(r"dict\[string, (.*)\]", r"object of \1", text)


def main() -> int:
    """Write the page; return 1 when that changed it and `--check` was given."""
    before = PAGE.read_text()
    after = write_page(before)
    if "--check" in sys.argv:
        return int(after != before)
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
