"""A Kedro project as commands see it: its searches, their files, no run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from pydantic import JsonValue

from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework.command_catalog import open_catalog
from kedro_nas.framework.failures import named_as_the_host_does
from kedro_nas.framework.registered import (
    command_that_writes,
    init_command,
    names_of_search,
    registered_nodes,
    run_command,
)
from kedro_nas.framework.stored import StoredDataset
from kedro_nas.parameters.base import OptionsType
from kedro_nas.parameters.job import check_budget
from kedro_nas.pipelines.nas.pipeline import PREFIX, namespace_of


@dataclass(frozen=True)
class Search:
    """One namespace of a project in which our nodes are registered.

    Attributes:
        namespace: Its prefix, e.g. `nas`.
        context: Kedro's context.
        catalog: Kedro's catalog of the environment asked for.
        names: Our names of datasets and parameters to the host's.
    """

    namespace: str
    context: Any
    catalog: Any
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, dataset: str) -> str:
        """Return what the host calls a dataset of ours."""
        return self.names.get(dataset, f"{self.namespace}.{dataset}")

    def parameter(self, section: str) -> str:
        """Return what the host calls a section of options, without `params:`."""
        name = self.names.get(PREFIX + section, f"{self.namespace}.{section}")
        return name.removeprefix(PREFIX)

    def run_command(self, *options: str) -> str:
        """Return the command that runs this search in this environment."""
        return run_command(self.namespace, *options, env=self.context.env)

    def place(self, dataset: str) -> str:
        """Return where a dataset is kept, with its protocol when it is remote.

        Raises:
            DataError: The catalog has no such entry, or one that keeps nothing.
        """
        return self.stored(dataset).address

    def stored(self, dataset: str) -> StoredDataset:
        """Return a dataset that is kept somewhere.

        Raises:
            DataError: The catalog has no such entry, or one that keeps nothing.
        """
        name = self.name(dataset)
        found = self.catalog.get(name) if name in self.catalog else None
        stored = None if found is None else StoredDataset.of(found)
        if stored is None:
            raise DataError(
                f"'{name}' is kept nowhere",
                received="a catalog without that entry",
                allowed="an entry with `path` or `filepath`",
                remedy=f"Write the entries with `{init_command(self.namespace)}`",
            )
        return stored

    @property
    def workspace(self) -> Path:
        """The folder of the search's state, on this machine's disk."""
        return Path(self.stored("workspace").path)

    def load(self, dataset: str) -> Any:
        """Load a dataset.

        Raises:
            DataError: It was never written.
        """
        name = self.name(dataset)
        if name not in self.catalog or not self.catalog.exists(name):
            raise DataError(
                f"there is no '{name}' yet",
                received=f"{self.place(dataset)}, which does not exist",
                allowed="the output of a run",
                remedy=f"Write it: {self.run_command('--to-outputs', name)}",
            )
        return self.catalog.get(name).load()

    def load_images(self) -> Any:
        """Load the images, under the name the project gives them.

        Raises:
            DataError: A node of the host makes them, and no entry keeps them.
        """
        name = self.names.get("images", "images")
        if name not in self.catalog:
            writes = command_that_writes(name, self.namespace, self.context.env)
            raise DataError(
                f"the images '{name}' cannot be read",
                received="a catalog without that entry",
                allowed="an entry that a run has written, or a new one",
                remedy=f"Add the entry, and write it: {writes}"
                if writes
                else "Add the entry",
            )
        return self.catalog.get(name).load()

    def load_if_there(self, dataset: str) -> Any:
        """Load a dataset, or return None if no run has written it."""
        name = self.name(dataset)
        if name in self.catalog and self.catalog.exists(name):
            return self.catalog.get(name).load()
        return None

    def options(self, model: type[OptionsType], section: str) -> OptionsType:
        """Read a section of options, wherever the host keeps it.

        Raises:
            ParameterError: An option is unknown, or its value is not valid.
        """
        return model.parse(self._given(section), where=self.parameter(section))

    @property
    def seed(self) -> int:
        """The root seed."""
        return int(self._given("seed") or 0)

    @property
    def budget_s(self) -> float | None:
        """Wall seconds of the whole job, None for no limit.

        Raises:
            ParameterError: It is neither a positive number nor null.
        """
        return check_budget(self._given("budget_s"), where=self.parameter("budget_s"))

    def _given(self, section: str) -> Any:
        """Return the raw value of a section, as in YAML and `--params`, or None."""
        given: Any = self.context.config_loader["parameters"]
        if PREFIX + section in self.names:
            value = _value_at(given, self.parameter(section))
            if value is not None:
                return value
        return _value_at(_value_at(given, self.namespace), section)


def _value_at(given: Any, name: str) -> Any:
    if isinstance(given, Mapping) and name in given:
        return given[name]
    for part in name.split("."):
        given = given.get(part) if isinstance(given, Mapping) else None
    return given


@contextmanager
def opened(
    project_path: Path,
    *,
    env: str | None = None,
    namespace: str | None = None,
    params: dict[str, JsonValue] | None = None,
) -> Iterator[Search]:
    """Open one search of a project.

    Args:
        project_path: Root of the Kedro project.
        env: Configuration environment.
        namespace: Which search; may be left out if there is but one.
        params: Parameters that replace those of the configuration, as in `kedro run`.

    Raises:
        ParameterError: There is none, none of that name, or more than one.
    """
    with KedroSession.create(
        project_path=project_path, env=env, runtime_params=params
    ) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        chosen = _choose(namespace)
        names = names_of_search(registered_nodes(chosen))
        with named_as_the_host_does(chosen, names):
            yield Search(chosen, context, open_catalog(context), names)


def namespaces() -> list[str]:
    """List the namespaces of our nodes in the registered pipelines."""
    return sorted({namespace_of(node) for node in registered_nodes()} - {""})


def _choose(namespace: str | None) -> str:
    known = namespaces()
    if not known:
        raise ParameterError(
            "this project has no architecture search",
            received="pipelines without nodes of kedro-nas",
            allowed="a pipeline made by `kedro_nas.create_pipeline`",
            remedy="Write one with `kedro nas init`",
        )
    if namespace is None and len(known) == 1:
        return known[0]
    if namespace not in known:
        raise ParameterError(
            f"there is no search '{namespace}' in this project"
            if namespace
            else "it is not clear which search is meant",
            received=f"--namespace {namespace}" if namespace else "no --namespace",
            allowed=", ".join(known),
            remedy="Name one with --namespace",
        )
    return namespace
