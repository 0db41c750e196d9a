"""How a run ends that cannot go on: one message, no traceback from below.

A run without our nodes ends as if this package were not installed.
Set the environment variable `KEDRO_NAS_TRACEBACK=1` to see the traceback as well.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import click
from kedro.io.core import DatasetError
from kedro.validation.exceptions import ParameterValidationError

from kedro_nas.errors import KedroNasError, ParameterError
from kedro_nas.framework.hints import (
    WITH_TRACEBACK,
    hint_for,
    hint_for_unregistered,
    is_misspelt_pipeline,
)
from kedro_nas.framework.registered import names_of_search, our_nodes
from kedro_nas.parameters.base import Options
from kedro_nas.pipelines.nas.pipeline import PREFIX, namespace_of

SWITCH = "KEDRO_NAS_TRACEBACK"


class RunScope:
    """Whether the command under way is about our nodes.

    Attributes:
        context: Kedro's context, once it is made.
        pipeline: What is run, once Kedro has filtered it.
    """

    def __init__(self, context: Any = None, pipeline: Any = None) -> None:
        self.context = context
        self.pipeline = pipeline

    def is_ours(self, error: BaseException | None) -> bool:
        """Return whether our nodes are run, or would be had they been reached.

        Args:
            error: What ended the run; it decides where pipelines cannot be read.
        """
        if self.pipeline is not None:
            return bool(our_nodes(self.pipeline))
        try:
            return bool(self.registered_nodes())
        except Exception:  # noqa: BLE001 - Kedro reports it, or has just done so
            return any(isinstance(link, KedroNasError) for link in chain(error))

    def registered_nodes(self) -> list[Any]:
        """List our nodes in the pipelines asked for; in all if that is not known."""
        from kedro.framework.project import pipelines

        chosen = getattr(self.context, "_pipelines_to_validate", None)
        return [
            node
            for name, pipeline in pipelines.items()
            if chosen is None or name in chosen
            for node in our_nodes(pipeline)
        ]


def install(scope: RunScope) -> None:
    """Wrap `sys.excepthook` once, and drop repeats from Kedro's log.

    Args:
        scope: Of the run; the hooks tell it what they learn.
    """
    previous = getattr(sys.excepthook, "wrapped", sys.excepthook)

    def excepthook(
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        text = hint = None
        if scope.is_ours(error):
            text = message_of(error, scope.context)
            hint = hint_for(error)
        else:
            hint = hint_for_unregistered(error)
        its_own = kind.__name__ in WITH_TRACEBACK and not is_misspelt_pipeline(error)
        if text is None and hint and not its_own:
            text = f"{kind.__name__}: {error}"
        if text is None or os.environ.get(SWITCH):
            previous(kind, error, traceback)
        said = "\n".join(part for part in (text, hint) if part)
        sys.stderr.write(f"\n{said}\n" if said else "")

    excepthook.wrapped = previous  # type: ignore[attr-defined]
    sys.excepthook = excepthook
    for name in ("kedro.pipeline.node", "kedro.validation.parameter_validator"):
        logger = logging.getLogger(name)
        for item in [item for item in logger.filters if isinstance(item, _Repeats)]:
            logger.removeFilter(item)
        logger.addFilter(_Repeats(scope))


@contextmanager
def named_as_the_host_does(namespace: str, names: Mapping[str, str]) -> Iterator[None]:
    """Reword errors of ours raised in the block with the names of one search.

    Args:
        namespace: Of the search.
        names: Our names to the host's, as `pipelines.nas.pipeline.host_names` gives.
    """
    try:
        yield
    except Exception as error:
        name_as_the_host_does(error, namespace, names)
        raise


def name_as_the_host_does(
    error: BaseException, namespace: str, names: Mapping[str, str]
) -> None:
    """Name parameters and datasets in an error of ours as the host does.

    The library says `nas.search.budget_s`, as it does not know the namespace.

    Args:
        error: What ended the run; errors of ours in its chain are reworded.
        namespace: Of the search.
        names: Our names to the host's, as `pipelines.nas.pipeline.host_names` gives.
    """
    theirs = {ours.removeprefix(PREFIX): name for ours, name in names.items()}

    def reword(text: str) -> str:
        return _NAMED.sub(
            lambda found: theirs.get(found[1], f"{namespace}.{found[1]}").removeprefix(
                PREFIX
            ),
            text,
        )

    for link in chain(error):
        if isinstance(link, KedroNasError):
            link.reword(reword)


# `nas.search` and `nas.trials`, but not `defects.nas.search` or a path
_NAMED = re.compile(r"(?<![\w./])nas\.([a-z_]+)\b")


def message_of(error: BaseException, context: Any = None) -> str | None:
    """Return one message for an error of ours, None for any other.

    Args:
        error: What ended the run.
        context: Kedro's context, to name all faults of parameters; may be None.

    Returns:
        The message, or None if the error is not ours to explain.
    """
    for link in chain(error):
        if isinstance(link, KedroNasError):
            return f"{type(link).__name__}: {link}"
    if isinstance(error, ParameterValidationError):
        return _faults(error, context)
    if isinstance(error, DatasetError) and "kedro_nas.datasets" in str(error):
        return f"{type(error).__name__}: {error}"
    return None


def _faults(error: ParameterValidationError, context: Any) -> str | None:
    """Describe all faults in our grammar; Kedro's own text has no remedy."""
    from kedro.framework.project import pipelines
    from kedro.validation import TypeExtractor

    scope = getattr(context, "_pipelines_to_validate", None)
    chosen = {n: p for n, p in pipelines.items() if scope is None or n in scope}
    types = TypeExtractor(chosen).extract_types_from_pipelines()
    parameters = context.config_loader["parameters"] if context else {}
    mine = {
        key: model
        for key, model in types.items()
        if isinstance(model, type) and issubclass(model, Options)
    }
    faults = (_fault(m, key, _value(parameters, key)) for key, m in mine.items())
    texts = []
    for fault in faults:
        if fault is not None:
            name_as_the_host_does(fault[1], *_search_of(fault[0], chosen.values()))
            texts.append(f"ParameterError: {fault[1]}")
    foreign = [
        line
        for line in str(error).splitlines()
        if line.startswith("- Parameter '") and _parameter_in(line) not in mine
    ]
    return "\n".join(texts + foreign) if texts else None


def _fault(
    model: type[Options], key: str, value: Any
) -> tuple[str, ParameterError] | None:
    leaf = key.rpartition(".")[2]
    if value is None:
        error = ParameterError(
            f"the parameters '{key}' are null",
            received=f"`{leaf}:` with nothing after it",
            allowed="a mapping",
            remedy=f"Write `{leaf}: {{}}` for the defaults",
        )
        return key, error
    try:
        model.parse(value, where=key)
    except ParameterError as error:
        return key, error
    return None


def _search_of(key: str, pipelines: Iterable[Any]) -> tuple[str, dict[str, str]]:
    """Return the namespace and the names of the search that reads a parameter."""
    for pipeline in pipelines:
        nodes = our_nodes(pipeline)
        for node in nodes:
            if PREFIX + key in node.inputs:
                namespace = namespace_of(node)
                same = [n for n in nodes if namespace_of(n) == namespace]
                return namespace or "nas", names_of_search(same)
    return "nas", {}


def _value(parameters: Any, key: str) -> Any:
    if key in parameters:
        return parameters[key]
    for part in key.split("."):
        if not isinstance(parameters, dict) or part not in parameters:
            return {}  # `preflight` reports what is missing
        parameters = parameters[part]
    return parameters


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """List an error and what it was raised from, latest first."""
    link = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _parameter_in(line: str) -> str:
    return line.partition("Parameter '")[2].partition("'")[0]


class _Repeats(logging.Filter):
    """Drop log lines that repeat the final message.

    Only within a command of the `kedro` program, where that message is sure to be
    printed; sessions in notebooks and schedulers keep Kedro's log as it is.
    """

    def __init__(self, scope: RunScope) -> None:
        super().__init__()
        self._scope = scope

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR or os.environ.get(SWITCH):
            return True
        if click.get_current_context(silent=True) is None:
            return True
        error, text = sys.exc_info()[1], record.getMessage()
        if not self._scope.is_ours(error):
            return True
        if any(isinstance(link, KedroNasError) for link in chain(error)):
            return False
        return not (
            text.startswith("Parameter '") and _parameter_in(text) in self._ours()
        )

    def _ours(self) -> set[str]:
        return {
            name.removeprefix(PREFIX)
            for node in self._scope.registered_nodes()
            for name in node.inputs
            if name.startswith(PREFIX)
        }
