"""A Kedro project as commands see it: its searches, their files, no run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession

from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework.preflight import our_nodes


@dataclass(frozen=True)
class Search:
    """One namespace of a project in which our nodes are registered.

    Attributes:
        namespace: Its prefix, e.g. `nas`.
        context: Kedro's context.
        catalog: Kedro's catalog of the environment asked for.
    """

    namespace: str
    context: Any
    catalog: Any

    def name(self, dataset: str) -> str:
        """Prefix a dataset's name."""
        return f"{self.namespace}.{dataset}"

    def place(self, dataset: str) -> Path:
        """Say where a dataset is kept, for messages and for deletion.

        Raises:
            DataError: The catalog has no such entry, or not on this disk.
        """
        name = self.name(dataset)
        found = self.catalog.get(name) if name in self.catalog else None
        described = found._describe() if found else {}  # noqa: SLF001 - only way
        place = described.get("filepath") or described.get("path")
        if place is None:
            raise DataError(
                f"'{name}' is kept nowhere",
                received="a catalog without that entry",
                allowed="an entry with `path` or `filepath`",
                remedy="Write the catalog entries with `kedro nas init`",
            )
        return Path(str(place))

    def load(self, dataset: str) -> Any:
        """Load a dataset.

        Raises:
            DataError: It was never written.
        """
        name = self.name(dataset)
        if name not in self.catalog or not self.catalog.exists(name):
            raise DataError(
                f"there is no '{name}' to show",
                received=f"{self.place(dataset)}, which does not exist",
                allowed="the output of a run",
                remedy=f'Write it: kedro run --to-outputs "{name}"',
            )
        return self.catalog.get(name).load()

    def load_images(self) -> Any:
        """Load the images, under the name the project gives them."""
        node = next(
            node
            for pipeline in pipelines.values()
            for node in our_nodes(pipeline)
            if node.namespace == self.namespace
            and node.name.endswith(".prepare_images")
        )
        # prepare_images takes the images first; a host may have mapped their name
        return self.catalog.get(node.inputs[0]).load()

    def load_if_there(self, dataset: str) -> Any:
        """Load a dataset, or return None if no run has written it."""
        name = self.name(dataset)
        if name in self.catalog and self.catalog.exists(name):
            return self.catalog.get(name).load()
        return None

    def parameters(self) -> dict[str, Any]:
        """Return the raw parameters of this search, as in YAML and `--params`."""
        value: Any = self.context.config_loader["parameters"]
        if self.namespace in value:
            return dict(value[self.namespace])
        for part in self.namespace.split("."):
            value = value.get(part) or {}
        return dict(value)


@contextmanager
def opened(
    project_path: Path,
    *,
    env: str | None = None,
    namespace: str | None = None,
    params: dict[str, Any] | None = None,
) -> Iterator[Search]:
    """Open one search of a project.

    Args:
        project_path: Root of the Kedro project.
        env: Configuration environment.
        namespace: Which search; may be left out if there is but one.
        params: Runtime parameters, as of `kedro run --params`.

    Raises:
        ParameterError: There is none, none of that name, or more than one.
    """
    with KedroSession.create(
        project_path=project_path, env=env, runtime_params=params
    ) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        chosen = _choose(namespace)
        yield Search(chosen, context, context.catalog)


def namespaces() -> list[str]:
    """List the namespaces of our nodes in the registered pipelines."""
    found = {
        node.namespace
        for pipeline in pipelines.values()
        for node in our_nodes(pipeline)
        if node.namespace
    }
    return sorted(found)


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
            "it is not clear which search is meant",
            received=f"--namespace {namespace}" if namespace else "no --namespace",
            allowed=", ".join(known),
            remedy="Name one with --namespace",
        )
    return namespace
