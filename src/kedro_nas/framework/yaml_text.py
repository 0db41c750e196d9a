"""YAML as text: entries keep their comments, and what is around them stays as it is.

A parser that writes YAML anew would lose comments and layout of files that belong to
the user; here a parser only finds the lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from kedro_nas.errors import ParameterError


def entry_names(text: str, where: str, path: Sequence[str] = ()) -> tuple[str, ...]:
    """List the keys of a mapping.

    Args:
        text: Of a YAML file that holds a mapping, or nothing.
        where: Its name, for messages.
        path: Keys that lead to the mapping; none for that of the file.

    Returns:
        The keys in their order; none where there is no mapping at that path.

    Raises:
        ParameterError: The file is not YAML, or not a mapping.
    """
    found = _value_at(_read_mapping(text, where), path)
    return tuple(map(str, found)) if isinstance(found, Mapping) else ()


def _value_at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _read_mapping(text: str, where: str) -> dict[str, Any]:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterError(
            f"'{where}' cannot be read",
            received=" ".join(str(error).split()),
            allowed="YAML",
            remedy="Correct it, or move it away; nothing was written",
        ) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParameterError(
            f"'{where}' cannot be read",
            received=f"a {type(value).__name__}",
            allowed="a mapping of names to entries",
            remedy="Correct it, or move it away; nothing was written",
        )
    return value


def split_entries(text: str, where: str, path: Sequence[str] = ()) -> dict[str, str]:
    """Cut a mapping into its entries, each with the comment lines right above it.

    Args:
        text: Of the file.
        where: Its name, for messages.
        path: Keys that lead to the mapping; none for that of the file.

    Returns:
        Key to lines, not indented. An entry of a mapping in braces is written anew.

    Raises:
        ParameterError: The file is not YAML, or not a mapping.
    """
    value = _value_at(_read_mapping(text, where), path)
    if not isinstance(value, Mapping) or not value:
        return {}
    node, begin, end = _find(text, path)
    if node.flow_style:
        return {str(key): _dump({key: value[key]}) for key in value}
    lines = text.splitlines(keepends=True)
    extents = _extents(lines, node, begin, end)
    return {
        key.value: textwrap.dedent("".join(lines[first:last]))
        for (key, _), (first, last) in zip(node.value, extents, strict=True)
    }


def drop_entries(
    text: str, keys: Collection[str], where: str, path: Sequence[str] = ()
) -> str:
    """Take entries out of a mapping, with the comment lines right above them.

    Args:
        text: Of the file; the mapping has a line per entry.
        keys: Which entries; others are ignored.
        where: The file's name, for messages.
        path: Keys that lead to the mapping; none for that of the file.

    Returns:
        The file without them, or nothing if no entry is left.
    """
    found = split_entries(text, where, path)
    if found.keys() <= set(keys):
        return ""
    node, begin, end = _find(text, path)
    lines = text.splitlines(keepends=True)
    extents = _extents(lines, node, begin, end)
    for (key, _), (first, last) in reversed(
        list(zip(node.value, extents, strict=True))
    ):
        if key.value in keys:
            blank = last < len(lines) and not lines[last].strip()
            del lines[first : last + blank]
    return "".join(lines)


def add_entries(
    text: str, entries: Mapping[str, str], where: str, path: Sequence[str] = ()
) -> str:
    """Add entries at the end of a mapping; every line that is there stays.

    Args:
        text: Of the file.
        entries: Key to lines, not indented, as of `split_entries`.
        where: The file's name, for messages.
        path: Keys that lead to the mapping; what is missing of it is added.

    Raises:
        ParameterError: The file is not YAML, or there is something else than a
            mapping at that place.
    """
    if not entries:
        return text
    wanted = _read_mapping(text, where)
    place: Any = wanted
    for key in path:
        if place.get(key) is None:
            place[key] = {}
        place = place[key]
        if not isinstance(place, dict):
            raise _cannot_add(where, entries)
    for key, lines in entries.items():
        place[key] = yaml.safe_load(lines)[key]
    added = _add(text, entries, list(path))
    if not _holds(added, wanted):
        raise _cannot_add(where, entries)
    return added


def _holds(text: str, wanted: object) -> bool:
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _add(text: str, entries: Mapping[str, str], path: list[str]) -> str:
    while path and _find(text, path)[0] is None:  # what leads there is added as well
        inner = "".join(entries.values())
        entries = {path[-1]: f"{path[-1]}:\n{textwrap.indent(inner, '  ')}"}
        path = path[:-1]
    node, begin, end = _find(text, path)
    lines = text.splitlines(keepends=True)
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        return _add_in_braces(text, node, entries)
    if isinstance(node, yaml.MappingNode):
        indent = node.value[0][0].start_mark.column
        at = _extents(lines, node, begin, end)[-1][1]
    else:  # a key, or a file, with nothing in it
        indent = 2 * len(path)
        at = begin if path else len(lines)
    new = "".join(
        ("\n" if "\n" in block.strip() else "") + textwrap.indent(block, " " * indent)
        for block in entries.values()
    )
    before = "".join(lines[:at])
    if before and not before.endswith("\n"):
        before += "\n"
    if at == begin:
        new = new.lstrip("\n")
    return before + new + "".join(lines[at:])


def _add_in_braces(
    text: str, node: yaml.MappingNode, entries: Mapping[str, str]
) -> str:
    new = ", ".join(
        f"{key}: {_dump(yaml.safe_load(block)[key], in_braces=True)}"
        for key, block in entries.items()
    )
    if not node.value:
        at = node.start_mark.index + 1
        return f"{text[:at]}{new}{text[at:]}"
    at = node.value[-1][1].end_mark.index
    return f"{text[:at]}, {new}{text[at:]}"


def _find(text: str, path: Sequence[str]) -> tuple[Any, int, int]:
    """Find a value, the line after its key, and the line where it must have ended."""
    lines = text.splitlines(keepends=True)
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    begin, end = 0, len(lines)
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return None, begin, end
        keys = [name.value for name, _ in node.value]
        if key not in keys:
            return None, begin, end
        number = keys.index(key)
        if not node.flow_style:
            end = _extents(lines, node, begin, end)[number][1]
        begin = node.value[number][0].start_mark.line + 1
        node = node.value[number][1]
    return node, begin, end


def _extents(
    lines: Sequence[str], node: yaml.MappingNode, begin: int, end: int
) -> list[tuple[int, int]]:
    """Return the first line of each entry, and the line after its last."""
    column = node.value[0][0].start_mark.column
    starts = []
    for key, _ in node.value:
        start = key.start_mark.line
        while start > begin and _is_comment(lines[start - 1], column):
            start -= 1
        starts.append(start)
    stops = [*starts[1:], end]
    extents = []
    for start, stop in zip(starts, stops, strict=True):
        last = stop
        while last > start and _is_outside(lines[last - 1], column):
            last -= 1
        extents.append((start, last))
    return extents


def _is_comment(line: str, column: int) -> bool:
    return line.startswith(" " * column + "#")


def _is_outside(line: str, column: int) -> bool:
    """Return whether a line is empty, or a comment on something further out."""
    bare = line.strip()
    return not bare or (bare[0] == "#" and len(line) - len(line.lstrip()) < column)


def _dump(value: Any, *, in_braces: bool = False) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=in_braces, sort_keys=False, width=10_000
    )
    return text.removesuffix("\n...\n").strip() if in_braces else text


def _cannot_add(where: str, entries: Mapping[str, str]) -> ParameterError:
    return ParameterError(
        f"entries cannot be added to '{where}'",
        received=f"a layout in which there is no place for {', '.join(entries)}",
        allowed="mappings, a line per entry",
        remedy="Move the file away, run the command again, and copy what is yours",
    )
