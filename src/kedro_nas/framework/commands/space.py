"""`kedro nas space`: what may be built, and how large it is."""

from __future__ import annotations

from typing import Any

import click

from kedro_nas.framework.commands import (
    env_option,
    json_option,
    namespace_option,
    say,
)
from kedro_nas.framework.project import opened
from kedro_nas.space.architecture import Architecture


@click.command()
@env_option
@namespace_option
@json_option
@click.pass_obj
def space(
    metadata: Any, env: str | None, namespace: str | None, *, as_json: bool
) -> None:
    """Show the search space: choices, bounds and what is tried first."""
    with opened(metadata.project_path, env=env, namespace=namespace) as search:
        value = search.load("search_space")
    say(value, _text(value), as_json=as_json)


def _text(value: dict[str, Any]) -> str:
    height, width, channels = value["input_shape"]
    lines = [f"{height} x {width} x {channels} pixels, {value['n_classes']} classes"]
    lines += ["", "Choices:"]
    lines += [
        f"  {name}: {_values(values)}" for name, values in value["choices"].items()
    ]
    bounds = dict(value["bounds"])
    reasons = bounds.pop("reasons", {})
    lines += ["", "Bounds:"]
    lines += [
        f"  {name}: {'none' if limit is None else f'{limit:,}'}{_why(reasons, name)}"
        for name, limit in bounds.items()
    ]
    lines += ["", "Tried first:"]
    lines += [f"  {Architecture.from_dict(a).describe()}" for a in value["anchors"]]
    acceptance = value.get("acceptance")
    if acceptance:
        lines += [
            "",
            f"Of {acceptance['drawn']} random draws {acceptance['accepted']} fit.",
        ]
    return "\n".join(lines)


def _values(values: Any) -> str:
    if isinstance(values, dict):
        return f"{values['low']:g} to {values['high']:g}"
    return ", ".join(map(str, values))


def _why(reasons: Any, name: str) -> str:
    found = reasons.get(name) if isinstance(reasons, dict) else None
    return f"  ({found})" if found else ""
