"""Our nodes among those a project has registered, and the commands that run them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kedro.framework.project import pipelines

from kedro_nas.pipelines.nas.pipeline import host_names, namespace_of

_DEFAULT = "__default__"


@dataclass(frozen=True)
class RegisteredSearch:
    """What a project's pipelines tell of one search.

    Attributes:
        pipeline: The name it is registered by, or None.
        names: Our names to the host's, see `names_of_search`.
        written: Datasets that nodes of the host write.
        problem: Why the pipelines cannot be read, or nothing.
        is_kept_out: Whether it is registered, but not in `__default__`.
    """

    pipeline: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()
    problem: str = ""
    is_kept_out: bool = False


def is_ours(node: Any) -> bool:
    """Return whether a node runs a function of this package's pipelines."""
    return getattr(node.func, "__module__", "").startswith("kedro_nas.pipelines.")


def our_nodes(pipeline: Any) -> list[Any]:
    """Pick the nodes of a pipeline that are this package's."""
    return [node for node in pipeline.nodes if is_ours(node)]


def registered_nodes(namespace: str | None = None) -> list[Any]:
    """List our nodes in the registered pipelines, each as often as it is registered.

    Args:
        namespace: Of one search; None for all.
    """
    return [
        node
        for pipeline in pipelines.values()
        for node in our_nodes(pipeline)
        if namespace in {None, namespace_of(node)}
    ]


def by_namespace(nodes: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Group nodes of ours by the namespace of their search, in its order."""
    groups: dict[str, list[Any]] = {}
    for node in nodes:
        groups.setdefault(namespace_of(node), []).append(node)
    return sorted(groups.items())


def names_of_search(nodes: Iterable[Any]) -> dict[str, str]:
    """Map our names to the host's, over the nodes of one search.

    Args:
        nodes: Nodes of ours in one namespace.

    Returns:
        `{"model": "classifier", "params:search": "params:nas.search", ...}`, see
        `pipelines.nas.pipeline.host_names`.
    """
    return {ours: theirs for node in nodes for ours, theirs in host_names(node).items()}


def registered_search(namespace: str) -> RegisteredSearch:
    """Look for a search in a project whose pipelines may not be complete yet."""
    try:
        nodes = [node for pipeline in pipelines.values() for node in pipeline.nodes]
    except Exception as error:  # noqa: BLE001 - the host's own code, still being written
        return RegisteredSearch(problem=f"{type(error).__name__}: {error}")
    ours = [n for n in nodes if is_ours(n) and namespace_of(n) == namespace]
    others = [node for node in nodes if node not in ours]
    return RegisteredSearch(
        _pipeline_with(lambda node: node in ours),
        names_of_search(ours),
        frozenset(name for node in others for name in node.outputs),
        is_kept_out=bool(ours)
        and not any(node in ours for node in _nodes_of(_DEFAULT)),
    )


def _nodes_of(pipeline: str) -> list[Any]:
    return list(pipelines[pipeline].nodes) if pipeline in pipelines else []


def run_command(namespace: str, *options: str, env: str | None = None) -> str:
    """Return a command that runs one search, whatever `__default__` is made of.

    Args:
        namespace: Of the search.
        options: Further words of the command.
        env: Configuration environment; None for Kedro's default.
    """
    name = _pipeline_with(
        lambda node: is_ours(node) and namespace_of(node) == namespace
    ) or namespace.replace(".", "_")
    return _command(name, options, env)


def command_that_writes(
    dataset: str, namespace: str, env: str | None = None
) -> str | None:
    """Return a command that writes a dataset, or None if nothing registered does.

    Args:
        dataset: Name in the host's catalog.
        namespace: Of the search that reads it. Kedro may have loaded the pipelines
            of this run only; what lies in this namespace is written by the search.
        env: Configuration environment; None for Kedro's default.
    """
    options = ("--to-outputs", dataset)
    name = _pipeline_with(lambda node: dataset in node.outputs)
    if name is None and dataset.startswith(f"{namespace}."):
        return run_command(namespace, *options, env=env)
    return name and _command(name, options, env)


def init_command(namespace: str) -> str:
    """Return the command that writes what a project lacks of a search."""
    options = [] if namespace in {"", "nas"} else ["--namespace", namespace]
    return shlex.join(["kedro", "nas", "init", "--update", *options])


def _pipeline_with(matches: Callable[[Any], bool]) -> str | None:
    """Return the registered pipeline in which most nodes match, or None."""
    counts = {
        name: sum(map(matches, pipeline.nodes)) for name, pipeline in pipelines.items()
    }
    # the sum of all is named only if nothing smaller will do
    names = sorted(counts, key=lambda name: (name == _DEFAULT, -counts[name], name))
    return next((name for name in names if counts[name]), None)


def _command(pipeline: str, options: Iterable[str], env: str | None) -> str:
    chosen = [] if pipeline == _DEFAULT else ["--pipelines", pipeline]
    where = [] if env is None else ["--env", env]
    return shlex.join(["kedro", "run", *chosen, *where, *options])
