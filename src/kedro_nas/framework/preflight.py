"""What must hold before a run begins; Kedro itself passes over some of it."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework.registered import (
    by_namespace,
    command_that_writes,
    init_command,
    names_of_search,
)
from kedro_nas.parameters.job import check_budget
from kedro_nas.pipelines.nas.pipeline import PREFIX, host_names, namespace_of
from kedro_nas.stages import NUMBERS, SECTIONS

logger = logging.getLogger(__name__)

_KNOWN = (*NUMBERS, *SECTIONS)
_EXAMPLES = {"seed": "0", "budget_s": "3600"}
_ALLOWED = {
    "seed": "an integer",
    "budget_s": "wall seconds of the whole job, or null for no limit",
}


def check_sections(nodes: Iterable[Any], catalog: Any) -> None:
    """Check that each parameter our nodes read exists, and none is misspelt.

    Args:
        nodes: Nodes of ours.
        catalog: Kedro's catalog, parameters included.

    Raises:
        ParameterError: A section is missing, null or misspelt, the seed is not an
            integer, or the budget is neither seconds nor null.
    """
    for namespace, group in by_namespace(nodes):
        wanted = {
            ours.removeprefix(PREFIX): theirs.removeprefix(PREFIX)
            for ours, theirs in names_of_search(group).items()
            if ours.startswith(PREFIX)
        }
        own = sorted(name for s, name in wanted.items() if name == f"{namespace}.{s}")
        if own:
            given = _given_sections(catalog, namespace)
            _check_present(namespace, own, given)
            _check_spelling(namespace, given.names)
        for section, name in sorted(wanted.items()):
            if name not in own:
                _check_shared(section, name, catalog)
        if "seed" in wanted:
            _check_seed(wanted["seed"], catalog)
        if "budget_s" in wanted:
            name = wanted["budget_s"]
            check_budget(catalog.get(PREFIX + name).load(), where=name)


def check_inputs(
    pipeline: Any, nodes: Iterable[Any], catalog: Any, *, env: str | None = None
) -> None:
    """Check that what our nodes read from outside the run is there.

    Args:
        pipeline: The run's pipeline, for what other nodes will write first.
        nodes: Nodes of ours.
        catalog: Kedro's catalog.
        env: Configuration environment, for the commands that messages name.

    Raises:
        DataError: A dataset is not in the catalog, or has never been written.
    """
    written = pipeline.all_outputs()
    for node in nodes:
        for name in node.inputs:
            if name.startswith(PREFIX) or name in written:
                continue
            if name not in catalog:
                raise DataError(
                    f"'{node.name}' cannot read '{name}'",
                    received="a catalog without that entry",
                    allowed=f"an entry '{name}' in conf/base/catalog*.yml",
                    remedy=_remedy_without_entry(node, name, env),
                )
            if not catalog.exists(name):
                in_memory = is_in_memory(catalog, name)
                raise DataError(
                    f"'{node.name}' cannot read '{name}'",
                    received=f"{_place(catalog, name)}, which "
                    + (
                        "is in memory and ends with its run"
                        if in_memory
                        else "does not exist"
                    ),
                    allowed="a dataset that was written before"
                    if in_memory or command_that_writes(name, namespace_of(node))
                    else "a file or folder that exists",
                    remedy=_remedy_without_data(catalog, node, name, env),
                )


def warn_of_memory(nodes: Iterable[Any], catalog: Any) -> None:
    """Warn of outputs of ours that end with the run, as nothing keeps them.

    Args:
        nodes: Nodes of ours.
        catalog: Kedro's catalog.
    """
    lost = [
        name
        for node in nodes
        for name in node.outputs
        if name.startswith(f"{namespace_of(node)}.") and name not in catalog
    ]
    if lost:
        logger.warning(
            "The catalog has no entry for %s: what is written there is lost when the "
            "run ends, and no later run or task can read it. Write the entries with "
            "`%s`.",
            ", ".join(lost),
            init_command(lost[0].rpartition(".")[0]),
        )


def warn_of_destructive_merge(context: Any, nodes: Iterable[Any]) -> None:
    """Warn when one key of the run environment would replace a whole section.

    Args:
        context: Kedro's context.
        nodes: Nodes of ours, whose namespaces say which parameters are meant.
    """
    loader = context.config_loader
    strategy = getattr(loader, "merge_strategy", {}).get("parameters")
    if strategy == "soft" or not hasattr(loader, "conf_source"):
        return
    folder = Path(loader.conf_source) / str(loader.env or loader.default_run_env)
    roots = {str(node.namespace).split(".")[0] for node in nodes if namespace_of(node)}
    for path in sorted(folder.glob("**/parameters*.y*ml")):
        hit = roots & set(yaml.safe_load(path.read_text()) or {})
        if hit:
            logger.warning(
                "%s replaces all of '%s' of the base environment, since parameters "
                "merge destructively. Add 'merge_strategy': {'parameters': 'soft'} to "
                "CONFIG_LOADER_ARGS in settings.py to replace single keys.",
                path,
                ", ".join(sorted(hit)),
            )


@dataclass(frozen=True)
class _GivenSections:
    """Names of the parameters of a namespace.

    Attributes:
        names: As in the files; None where the namespace is missing.
        null: Those without a value.
    """

    names: tuple[str, ...] | None
    null: frozenset[str] = frozenset()


def _given_sections(catalog: Any, namespace: str) -> _GivenSections:
    name = f"{PREFIX}{namespace}" if namespace else "parameters"
    value = catalog.get(name).load() if name in catalog else None
    if not isinstance(value, dict):
        return _GivenSections(None)
    null = frozenset(str(key) for key, inner in value.items() if inner is None)
    return _GivenSections(tuple(map(str, value)), null)


def _check_present(namespace: str, keys: Iterable[str], given: _GivenSections) -> None:
    if given.names is None:
        raise ParameterError(
            f"the parameters '{namespace}' are missing",
            received="a configuration without them",
            allowed=f"a mapping '{namespace}' with {', '.join(_KNOWN)}",
            remedy=(
                f"Write conf/base/parameters_{namespace.replace('.', '_')}.yml with "
                f"`{init_command(namespace)}`"
            ),
        )
    for key in keys:
        leaf = key.rpartition(".")[2]
        if leaf not in given.names:
            others = set(given.names) - set(_KNOWN)
            close = difflib.get_close_matches(leaf, others, n=1)
            hint = (
                f"Rename '{close[0]}' to '{leaf}'"
                if close
                else f"Add `{leaf}: {_EXAMPLES.get(leaf, '{}')}`"
            )
            raise ParameterError(
                f"the parameters '{key}' are missing",
                received=f"'{namespace}' with {', '.join(given.names) or 'nothing'}",
                allowed=", ".join(_KNOWN),
                remedy=(
                    f"{hint} in conf/<env>/parameters*.yml, or write what an earlier "
                    f"version did not have with `{init_command(namespace)}`"
                ),
            )
        if leaf in given.null and leaf != "budget_s":
            raise ParameterError(
                f"the parameters '{key}' are null",
                received=f"`{leaf}:` with nothing after it",
                allowed="a mapping, or an integer for the seed",
                remedy=f"Write `{leaf}: {{}}` for the defaults",
            )


def _check_spelling(namespace: str, names: Iterable[str] | None) -> None:
    for name in names or ():
        close = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.75)
        if name not in _KNOWN and close:
            raise ParameterError(
                f"unknown parameters '{namespace}.{name}'",
                received=f"'{name}'",
                allowed=", ".join(_KNOWN),
                remedy=f"Did you mean '{close[0]}'?",
            )


def _check_shared(section: str, name: str, catalog: Any) -> None:
    """Check parameters that `parameters=` of `create_pipeline` takes from elsewhere."""
    key = PREFIX + name
    may_be_null = section == "budget_s"
    if key not in catalog or (catalog.get(key).load() is None and not may_be_null):
        raise ParameterError(
            f"the parameters '{name}' are missing",
            received="a configuration without them",
            allowed=_ALLOWED.get(section, f"a mapping with options of '{section}'"),
            remedy=(
                f"Write '{name}' into conf/<env>/parameters*.yml, or take it out of "
                "`parameters=` of create_pipeline"
            ),
        )


def _check_seed(name: str, catalog: Any) -> None:
    seed = catalog.get(PREFIX + name).load()
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ParameterError(
            f"the seed '{name}' is not an integer",
            received=repr(seed),
            allowed="any integer",
            remedy=f"Write `{name.rpartition('.')[2]}: 0`",
        )


def _place(catalog: Any, name: str) -> str:
    described = catalog.get(name)._describe()  # noqa: SLF001 - Kedro's only way
    place = described.get("filepath") or described.get("path") or name
    return str(place)


def _remedy_without_entry(node: Any, name: str, env: str | None) -> str:
    namespace = namespace_of(node)
    if name.startswith(f"{namespace}."):
        return f"Write the entries of '{namespace}' with `{init_command(namespace)}`"
    writes = command_that_writes(name, namespace, env)
    if writes is not None:  # by a node that this run leaves out
        return f"Add the entry, so that it is kept, and write it first: {writes}"
    if name == host_names(node).get("images"):
        return _IMAGES_REMEDY
    return "Add the entry, or map the input to one that exists"


def is_in_memory(catalog: Any, name: str) -> bool:
    """Return whether what is saved under a name ends with the run."""
    return bool(getattr(catalog.get(name), "_EPHEMERAL", False))


def _remedy_without_data(catalog: Any, node: Any, name: str, env: str | None) -> str:
    if is_in_memory(catalog, name):
        return (
            "Run it together with the node that makes it, or give it an entry that "
            "keeps it in a file"
        )
    writes = command_that_writes(name, namespace_of(node), env)
    if writes is not None:
        return f"Write it first: {writes}"
    if name == host_names(node).get("images"):
        return _IMAGES_REMEDY
    return "Put the file there, or point the entry at it"


_IMAGES_REMEDY = (
    "Add your images, or point the entry at them: "
    "`type: kedro_nas.datasets.ImagesDataset`, `path: <table or folder>`"
)
