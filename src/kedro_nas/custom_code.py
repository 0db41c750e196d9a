"""Custom code: a user's functions and classes, named in options and imported here.

Blocks, baselines, export formats, worker pools and proposers are all named as
`package.module:name`; some also by an entry point of an installed package.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from kedro_nas.errors import KedroNasError

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_import_path(text: str) -> bool:
    """Return whether a text has the form `package.module:name`.

    >>> is_import_path("my_team.formats:OnnxExporter"), is_import_path("keras")
    (True, False)
    """
    return _IMPORT_PATH.fullmatch(text) is not None


def import_custom(path: str, what: str, error: type[KedroNasError]) -> Any:
    """Import what `package.module:name` names.

    Args:
        path: `package.module:name`.
        what: What it is used for, for the message, e.g. `baseline`.
        error: Class of the error that is raised.

    Raises:
        KedroNasError: Of the class `error`: the module or the name does not exist, or
            the module fails on import.
    """
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as reason:
        raise error(
            f"cannot import the {what}",
            received=f"{path} ({type(reason).__name__}: {reason})",
            allowed="package.module:name, importable by every process",
            remedy="Put the module into the project's src/ or install its package",
        ) from reason


def find_custom(
    name: str,
    built_in: Mapping[str, str],
    *,
    what: str,
    error: type[KedroNasError],
    group: str = "",
) -> Any:
    """Return what a name of an option stands for.

    Args:
        name: A name in `built_in`, `package.module:name`, or the name of an entry
            point.
        built_in: Import paths by name.
        what: What it is used for, for the message, e.g. `worker pool`.
        error: Class of the error that is raised.
        group: Group of entry points of installed packages; none when empty.

    Raises:
        KedroNasError: Of the class `error`: nothing has this name, or it cannot be
            imported.
    """
    plugins = {
        one.name: f"{one.module}:{one.attr}" for one in entry_points(group=group)
    }
    known = {**plugins, **built_in} if group else dict(built_in)
    if name in known:
        return import_custom(known[name], f"{what} '{name}'", error)
    if ":" in name:
        return import_custom(name, what, error)
    close = difflib.get_close_matches(name, known, n=1)
    places = f" or an entry point of the group {group}" if group else ""
    raise error(
        f"there is no {what} '{name}'",
        received=name,
        allowed=f"{', '.join(sorted(known))}, package.module:name{places}",
        remedy=f"Did you mean '{close[0]}'?" if close else f"Name a known {what}",
    )


def check_protocol(
    made: object, protocol: type, *, path: str, what: str, error: type[KedroNasError]
) -> None:
    """Check that custom code has every public name of a protocol.

    Args:
        made: An instance that custom code made.
        protocol: A `typing.Protocol` class.
        path: How the code was named in the options.
        what: What it is used for, for the message.
        error: Class of the error that is raised.

    Raises:
        KedroNasError: Of the class `error`: a name is missing.
    """
    declared = {*vars(protocol), *vars(protocol).get("__annotations__", {})}
    names = sorted(name for name in declared if not name.startswith("_"))
    missing = [name for name in names if not hasattr(made, name)]
    if missing:
        where = f"{protocol.__module__}.{protocol.__name__}"
        raise error(
            f"the {what} {path} is incomplete",
            received=f"a {type(made).__name__} without {', '.join(missing)}",
            allowed=f"all of {', '.join(names)}",
            remedy=f"Add what is missing; see {where}",
        )
